/* Runs a fuzz target without a fuzzer: over its corpus, each text whole, cut everywhere, and with
 * each byte replaced by those that mean something to HTTP. Prints how many texts that were. */
#include <dirent.h>
#include <errno.h>

#include "fuzz_check.h"

#define TEXT_MAX 65536

static size_t n_run;

/* From memory of its own, so that a sanitizer sees a read behind the end. */
static void run(const uint8_t *text, size_t len)
{
    char *copy = exact_copy(text, len);

    LLVMFuzzerTestOneInput((const uint8_t *)copy, len);
    free_copy(copy, len);
    n_run++;
}

static void run_variants(uint8_t *text, size_t len)
{
    static const char bytes[] = "\0\t\n\r \"#,:;=0A\x7f\xff";

    run(text, len);
    for (size_t i = 0; i < len; i++) {
        uint8_t before = text[i];
        run(text, i);
        for (size_t k = 0; k < sizeof bytes - 1; k++) {
            text[i] = (uint8_t)bytes[k];
            run(text, len);
        }
        text[i] = before;
        memmove(text + i + 1, text + i, len - i); /* twice */
        run(text, len + 1);
        memmove(text + i, text + i + 1, len - i);
    }
}

int main(void)
{
    const char *target = strchr(program_invocation_short_name, '_');
    static uint8_t text[TEXT_MAX + 1];
    char path[4096];
    struct dirent *entry;
    DIR *folder;

    CHECK(target);
    snprintf(path, sizeof path, MIRAGE_TESTS "/fuzz/corpus/%s", target + 1);
    folder = opendir(path);
    CHECK(folder);
    while ((entry = readdir(folder))) {
        FILE *f;
        if (*entry->d_name == '.')
            continue;
        snprintf(path, sizeof path, MIRAGE_TESTS "/fuzz/corpus/%s/%s", target + 1, entry->d_name);
        f = fopen(path, "r");
        CHECK(f);
        run_variants(text, fread(text, 1, TEXT_MAX, f));
        fclose(f);
    }
    closedir(folder);
    printf("%s: %zu texts\n", program_invocation_short_name, n_run);
    return 0;
}
