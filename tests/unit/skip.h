/* cmocka's skip() says nothing of the reason. Include after <cmocka.h>. */
#ifndef MIRAGE_TESTS_SKIP_H
#define MIRAGE_TESTS_SKIP_H

#include <stdio.h>

/* Ends the test. What is printed is counted and shown by tests/totals.py. */
#define skip_because(reason)                                                                       \
    do {                                                                                           \
        printf("skipped: %s\n", reason);                                                           \
        skip();                                                                                    \
    } while (0)

#endif
