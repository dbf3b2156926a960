/* The growable buffer, and files read and written through it. */
#include "buf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[PATH_MAX - 64];

static int make_folder(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%s/mirage-buf.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder); /* fails when a test left something */
}

static const char *in_folder(const char *name)
{
    static char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void begins_empty(void **state)
{
    struct buf b = {0};

    (void)state;
    assert_string_equal(buf_text(&b), "");
    buf_add(&b, "", 0);
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(b.len, 0);
    buf_clear(&b);
    buf_free(&b);
    buf_free(&b);
    assert_null(b.data);
}

static void grows(void **state)
{
    struct buf b = {0};
    char expected[5001];

    (void)state;
    for (size_t i = 0; i < 5000; i++) {
        expected[i] = (char)('a' + i % 26);
        buf_char(&b, expected[i]);
        assert_int_equal(b.len, i + 1);
        assert_int_equal(b.data[b.len], '\0');
        assert_true(b.cap > b.len);
    }
    expected[5000] = '\0';
    assert_string_equal(buf_text(&b), expected);
    assert_false(b.failed);
    buf_free(&b);
}

/* Every length around the sizes that it grows at. */
static void takes_any_length_at_once(void **state)
{
    char bytes[600];

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    for (size_t first = 0; first < 140; first++)
        for (size_t second = 0; second < sizeof bytes; second += 7) {
            struct buf b = {0};
            buf_add(&b, bytes, first);
            buf_add(&b, bytes, second);
            assert_int_equal(b.len, first + second);
            assert_int_equal(strlen(buf_text(&b)), first + second);
            buf_free(&b);
        }
}

static void holds_any_bytes(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_add(&b, "a\0b", 3);
    buf_char(&b, '\0');
    buf_str(&b, "c");
    assert_int_equal(b.len, 5);
    assert_memory_equal(b.data, "a\0b\0c", 6);
    buf_clear(&b);
    assert_int_equal(b.len, 0);
    assert_string_equal(buf_text(&b), "");
    buf_str(&b, "again");
    assert_string_equal(buf_text(&b), "again");
    buf_free(&b);
}

static void prints(void **state)
{
    struct buf b = {0};
    char wide[1001];

    (void)state;
    buf_printf(&b, "%s-%d", "x", 42);
    buf_printf(&b, "%s", "");
    buf_printf(&b, "[%5d]", 7);
    assert_string_equal(buf_text(&b), "x-42[    7]");
    memset(wide, 'w', 1000);
    wide[1000] = '\0';
    buf_printf(&b, "%s|%s", wide, wide);
    assert_int_equal(b.len, 11 + 2001);
    assert_memory_equal(b.data + 11, wide, 1000);
    assert_memory_equal(b.data + 1011, "|", 1);
    assert_string_equal(b.data + 1012, wide);
    buf_free(&b);
}

static void failure_sticks(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_str(&b, "before");
    buf_add(&b, "x", SIZE_MAX / 2); /* more than there is: nothing is read from it */
    assert_true(b.failed);
    buf_str(&b, "behind");
    buf_char(&b, 'x');
    buf_printf(&b, "%d", 1);
    assert_true(b.failed);
    assert_string_equal(buf_text(&b), "before");
    errno = 0;
    assert_int_equal(buf_write_file(&b, in_folder("failed")), -1);
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(buf_read_file(&b, "/dev/null", 10), -1);
    assert_int_equal(errno, ENOMEM);
    buf_free(&b);
    assert_false(b.failed);
}

static void write_bytes(const char *path, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    for (size_t i = 0; i < len; i++)
        putc((int)(i % 251), f);
    assert_int_equal(fclose(f), 0);
}

static void reads_files_of_any_size(void **state)
{
    static const size_t sizes[] = {0,     1,     63,    64,    65,    16383,
                                   16384, 16385, 32767, 32768, 32769, 100000};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buf b = {0};
        write_bytes(in_folder("size"), sizes[i]);
        buf_str(&b, "before:");
        assert_int_equal(buf_read_file(&b, in_folder("size"), sizes[i]), 0);
        assert_int_equal(b.len, sizes[i] + 7);
        assert_memory_equal(b.data, "before:", 7);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal((unsigned char)b.data[7 + k], k % 251);
        assert_int_equal(b.data[b.len], '\0');
        buf_free(&b);
        if (sizes[i] > 0) { /* one byte too many */
            assert_int_equal(buf_read_file(&b, in_folder("size"), sizes[i] - 1), -1);
            assert_int_equal(errno, EFBIG);
            buf_free(&b);
        }
    }
    unlink(in_folder("size"));
}

static void says_why_it_cannot_read(void **state)
{
    struct buf b = {0};

    (void)state;
    assert_int_equal(buf_read_file(&b, in_folder("none"), 10), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(buf_read_file(&b, folder, 10), -1);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(buf_read_file(&b, "/dev/zero", 1 << 20), -1); /* no end */
    assert_int_equal(errno, EFBIG);
    buf_free(&b);
}

static void writes_whole_files(void **state)
{
    struct buf b = {0}, back = {0};
    struct stat st;
    int old;

    (void)state;
    for (int i = 0; i < 40000; i++)
        buf_printf(&b, "%d\n", i);
    assert_int_equal(buf_write_file(&b, in_folder("file")), 0);
    assert_int_equal(buf_read_file(&back, in_folder("file"), 1 << 20), 0);
    assert_int_equal(back.len, b.len);
    assert_memory_equal(back.data, b.data, b.len);
    assert_int_equal(stat(in_folder("file"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);

    /* Who has the old file open goes on seeing it whole. */
    old = open(in_folder("file"), O_RDONLY);
    assert_true(old >= 0);
    buf_clear(&b);
    buf_str(&b, "new");
    assert_int_equal(buf_write_file(&b, in_folder("file")), 0);
    assert_int_equal(fstat(old, &st), 0);
    assert_int_equal(st.st_size, back.len);
    close(old);
    buf_clear(&back);
    assert_int_equal(buf_read_file(&back, in_folder("file"), 10), 0);
    assert_string_equal(buf_text(&back), "new");

    buf_clear(&b);
    assert_int_equal(buf_write_file(&b, in_folder("file")), 0);
    assert_int_equal(stat(in_folder("file"), &st), 0);
    assert_int_equal(st.st_size, 0);
    unlink(in_folder("file"));
    buf_free(&b);
    buf_free(&back);
}

static int files_in(const char *path)
{
    DIR *d = opendir(path);
    int n = 0;

    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d));)
        n += entry->d_name[0] != '.';
    closedir(d);
    return n;
}

static void failed_write_leaves_nothing(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_str(&b, "text");
    assert_int_equal(buf_write_file(&b, in_folder("no/such/file")), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(mkdir(in_folder("taken"), 0700), 0);
    assert_int_equal(buf_write_file(&b, in_folder("taken")), -1); /* rename onto a folder */
    assert_int_equal(errno, EISDIR);
    assert_int_equal(files_in(folder), 1);
    rmdir(in_folder("taken"));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_empty),
        cmocka_unit_test(grows),
        cmocka_unit_test(takes_any_length_at_once),
        cmocka_unit_test(holds_any_bytes),
        cmocka_unit_test(prints),
        cmocka_unit_test(failure_sticks),
        cmocka_unit_test(reads_files_of_any_size),
        cmocka_unit_test(says_why_it_cannot_read),
        cmocka_unit_test(writes_whole_files),
        cmocka_unit_test(failed_write_leaves_nothing),
    };
    return cmocka_run_group_tests_name("buf", tests, make_folder, remove_folder);
}
