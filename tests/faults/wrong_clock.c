/* A wall clock that is wrong by as many seconds as a file says, put before the C library; the monotonic clock is left alone.
   (libfaketime 0.9.10 makes Python's time.sleep fail with EINVAL.) Loaded with LD_PRELOAD by tests/faults/disk.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    const char *where = getenv("FAULT_CLOCK");
    if (clock == CLOCK_REALTIME && where) {
        char text[32] = {0};
        int file = open(where, O_RDONLY | O_CLOEXEC);
        if (file >= 0) {
            if (read(file, text, sizeof text - 1) > 0) now->tv_sec += atoll(text);
            close(file);
        }
    }
    return result;
}
