/* The machine's clock, moved: preloaded into a process, it adds an offset to the time of day.

   The offset, in nanoseconds, stands in the file named by $MOVED_CLOCK and may change at any moment, for all processes
   at once. The monotonic clock is left alone, so that every timeout lasts as long as it says; but a thread that sleeps
   on a lock until a time (as Python's Event.wait does) wakes as early as the jump says. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define SLICE (50 * 1000000LL)

static volatile long long *page;
static long long none;

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void open_page(void)
{
    const char *file = getenv("MOVED_CLOCK");
    int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *page, PROT_READ, MAP_SHARED, fd, 0);
    page = mapped == MAP_FAILED ? &none : mapped;
    if (fd >= 0)
        close(fd);
}

static long long offset(void) { return page ? *page : 0; }

static long long in_ns(const struct timespec *t) { return t->tv_sec * SECOND + t->tv_nsec; }

static struct timespec from_ns(long long ns) { return (struct timespec){ns / SECOND, ns % SECOND}; }

static int real_gettime(clockid_t clock, struct timespec *t)
{
    static int (*theirs)(clockid_t, struct timespec *);
    if (!theirs)
        theirs = next("clock_gettime");
    return theirs(clock, t);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    int result = real_gettime(clock, t);
    if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        *t = from_ns(in_ns(t) + offset());
    return result;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *t = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *t)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t)
        *t = now.tv_sec;
    return now.tv_sec;
}

int timespec_get(struct timespec *t, int base)
{
    clock_gettime(CLOCK_REALTIME, t);
    return base;
}

/* Deadlines by the time of day, which the kernel would compare with its own. */
int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict until)
{
    static int (*theirs)(sem_t *, const struct timespec *);
    struct timespec real = from_ns(in_ns(until) - offset());
    if (!theirs)
        theirs = next("sem_timedwait");
    return theirs(sem, &real);
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until)
{
    static int (*theirs)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    /* A condition may go by the monotonic clock instead, which counts from the machine's start. */
    struct timespec real = until->tv_sec < SECOND ? *until : from_ns(in_ns(until) - offset());
    if (!theirs)
        theirs = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!theirs)
        theirs = next("pthread_cond_timedwait");
    return theirs(cond, mutex, &real);
}

/* Python's locks: a long wait ends when the clock has jumped beyond its end. */
int sem_clockwait(sem_t *restrict sem, clockid_t clock, const struct timespec *restrict until)
{
    static int (*theirs)(sem_t *, clockid_t, const struct timespec *);
    long long begun = offset(), end = in_ns(until);
    if (!theirs)
        theirs = next("sem_clockwait");
    for (;;) {
        struct timespec now, slice;
        long long left;
        real_gettime(clock, &now);
        left = end - (offset() - begun) - in_ns(&now);
        slice = from_ns(in_ns(&now) + (left < 0 ? 0 : left > SLICE ? SLICE : left));
        if (!theirs(sem, clock, &slice))
            return 0;
        if (errno != ETIMEDOUT || left <= SLICE)
            return -1;
    }
}
