/* From a pointer to a member to the struct that it lies in. */
#ifndef MIRAGE_CONTAINER_OF_H
#define MIRAGE_CONTAINER_OF_H

#include <stddef.h>

/* `pointer` points to the `member` of a struct of this type. */
#define container_of(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
