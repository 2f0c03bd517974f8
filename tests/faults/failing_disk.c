/* A disk that fails and that remembers, put before the C library: what is done to a history file is counted, may be made to fail,
   and is written to a journal. Loaded with LD_PRELOAD by tests/faults/disk.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILES = 4096 };
static char ours[FILES]; /* 'd' the database, 'w' its write-ahead log, 0 none of ours */
static int journal = -1;
static long fail_at, fail_count, done;
static int fail_with;

/* From now on the `at`th operation (from 1) and the `count` - 1 after it fail with `error`. */
void fault_arm(long at, long count, int error) { fail_at = at; fail_count = count; fail_with = error; done = 0; }
long fault_done(void) { return done; }

void fault_note(char kind, char file, int64_t offset, const void *data, int64_t size) {
    if (journal < 0) return;
    char head[18];
    head[0] = kind; head[1] = file;
    memcpy(head + 2, &offset, 8); memcpy(head + 10, &size, 8);
    struct iovec parts[2] = {{head, sizeof head}, {(void *)data, data ? (size_t)size : 0}};
    if (writev(journal, parts, 2) < 0) abort();
}

static int fails(void) {
    long now = __atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
    if (!fail_at || now < fail_at || now >= fail_at + fail_count) return 0;
    errno = fail_with;
    return 1;
}

static char kind_of(int fd) { return fd >= 0 && fd < FILES ? ours[fd] : 0; }

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

int open64(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    if (!real) {
        real = next("open64");
        const char *where = getenv("FAULT_JOURNAL");
        if (where) journal = real(where, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    va_list rest; va_start(rest, flags);
    int fd = real(path, flags, va_arg(rest, int));
    va_end(rest);
    if (fd >= 0 && fd < FILES) {
        const char *name = strrchr(path, '/');
        name = name ? name + 1 : path;
        ours[fd] = !strcmp(name, "history.db") ? 'd' : !strcmp(name, "history.db-wal") ? 'w' : 0;
    }
    return fd;
}

int close(int fd) {
    static int (*real)(int);
    if (!real) real = next("close");
    if (fd >= 0 && fd < FILES) ours[fd] = 0;
    return real(fd);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = next("pwrite64");
    if (!kind_of(fd)) return real(fd, data, size, offset);
    if (fails()) return -1;
    fault_note('W', kind_of(fd), offset, data, size);
    return real(fd, data, size, offset);
}

int ftruncate64(int fd, off64_t size) {
    static int (*real)(int, off64_t);
    if (!real) real = next("ftruncate64");
    if (!kind_of(fd)) return real(fd, size);
    if (fails()) return -1;
    fault_note('T', kind_of(fd), size, 0, 0);
    return real(fd, size);
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = next("fdatasync");
    if (!kind_of(fd)) return real(fd);
    if (fails()) { fault_note('L', kind_of(fd), 0, 0, 0); errno = fail_with; return -1; }
    int result = real(fd);
    fault_note('S', kind_of(fd), 0, 0, 0);
    return result;
}
