/* How a socket is read and written. The two calls below make up most of a request. glibc's own
 * may be cancelled, which costs a threaded program something at each call; nobody cancels our
 * threads. */
#ifndef MIRAGE_PROXYD_IO_H
#define MIRAGE_PROXYD_IO_H

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What one reading came to. */
enum io_read {
    IO_SOME,    /* bytes came */
    IO_NOTHING, /* there are none now */
    IO_END,     /* the end of the stream */
    IO_BROKE,   /* the connection is broken; errno */
};

/* Sanitizers check the buffers in libc's functions. */
#ifdef __has_feature
#define IO_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IO_SANITIZED 1
#else
#define IO_SANITIZED 0
#endif

/* recv(2), never waiting. */
static inline ssize_t io_receive(int fd, void *bytes, size_t size)
{
    if (IO_SANITIZED)
        return recv(fd, bytes, size, MSG_DONTWAIT);
    return syscall(SYS_recvfrom, fd, bytes, size, MSG_DONTWAIT, NULL, NULL);
}

/* send(2), never waiting, without SIGPIPE. */
static inline ssize_t io_send(int fd, const void *bytes, size_t size)
{
    if (IO_SANITIZED)
        return send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    return syscall(SYS_sendto, fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
}

#endif
