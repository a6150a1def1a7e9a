/* Kills the process at a chosen flush to disk, or makes its disk fail: loaded before libc's own
 * functions by the tests, which watch and steer it through a file of 64-bit words.
 *
 * Only files below FAULT_ROOT count. A fault is taken by nobody else than this process: its
 * children are started without this library. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT, KILL_BEFORE, KILL_AFTER, FAIL, FAIL_ONCE, KILL_WRITE };
/* The words, as the tests know them. */
enum { MODE, AT, ERRNO, FLUSHES, WRITES, FAULTS, WORDS };

static volatile uint64_t *words;
static char root[4096];
static size_t root_length;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("FAULT_CONTROL"), *below = getenv("FAULT_ROOT");
    if (!path || !below) return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *place = mmap(NULL, WORDS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (place == MAP_FAILED) return;
    snprintf(root, sizeof root, "%s", below);
    root_length = strlen(root);
    words = place;
}

static int is_below(const char *path) {
    return words && path && !strncmp(path, root, root_length) && path[root_length] == '/';
}

static int is_ours(int fd) {
    char link[64], path[4096];
    if (!words) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static uint64_t count(int word) { return __atomic_add_fetch(&words[word], 1, __ATOMIC_SEQ_CST); }

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Whether a call that changes the disk is to fail; sets errno. */
static int fails(void) {
    uint64_t number = count(WRITES);
    if (words[MODE] == KILL_WRITE && number == words[AT]) die();
    int is_met = words[MODE] == FAIL ? number >= words[AT] : words[MODE] == FAIL_ONCE && number == words[AT];
    if (!is_met) return 0;
    count(FAULTS);
    errno = (int)words[ERRNO];
    return 1;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define FLUSH(name) \
    int name(int fd) { \
        REAL(int, name, int); \
        if (!is_ours(fd)) return real(fd); \
        uint64_t number = count(FLUSHES); \
        if (words[MODE] == KILL_BEFORE && number == words[AT]) die(); \
        if ((words[MODE] == FAIL || words[MODE] == FAIL_ONCE) && words[ERRNO] == EIO && fails()) return -1; \
        int result = real(fd); \
        if (words[MODE] == KILL_AFTER && number == words[AT]) die(); \
        return result; \
    }
FLUSH(fsync)
FLUSH(fdatasync)

#define ON_FD(type, name, parameters, arguments) \
    type name parameters { \
        static type(*real) parameters; \
        if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
        if (is_ours(fd) && fails()) return -1; \
        return real arguments; \
    }
ON_FD(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
ON_FD(ssize_t, pwrite, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at))
ON_FD(ssize_t, pwrite64, (int fd, const void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
ON_FD(ssize_t, writev, (int fd, const struct iovec *parts, int number), (fd, parts, number))
ON_FD(int, ftruncate, (int fd, off_t size), (fd, size))
ON_FD(int, ftruncate64, (int fd, off64_t size), (fd, size))
ON_FD(int, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size))
ON_FD(int, fallocate64, (int fd, int mode, off64_t at, off64_t size), (fd, mode, at, size))

#define ON_PATH(name, parameters, path, arguments) \
    int name parameters { \
        static int(*real) parameters; \
        if (!real) real = (int (*) parameters)dlsym(RTLD_NEXT, #name); \
        if (is_below(path) && fails()) return -1; \
        return real arguments; \
    }
ON_PATH(rename, (const char *from, const char *to), to, (from, to))
ON_PATH(mkdir, (const char *path, mode_t mode), path, (path, mode))
ON_PATH(linkat, (int a, const char *from, int b, const char *to, int flags), to, (a, from, b, to, flags))

/* Making a file needs space; opening one does not. */
#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, name, const char *, int, ...); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { \
            va_list rest; \
            va_start(rest, flags); \
            mode = va_arg(rest, mode_t); \
            va_end(rest); \
        } \
        if ((flags & O_CREAT) && is_below(path) && access(path, F_OK) && fails()) return -1; \
        return real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
