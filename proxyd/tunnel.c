#include "tunnel.h"

#include <sys/socket.h>

#include "conn.h"
#include "upstream.h"
#include "worker.h"

enum { FROM_CLIENT, FROM_TASK };

/* Moves what one side sent to the other. false when the tunnel was closed. */
static bool pump(struct conn *c, int direction)
{
    struct upstream *u = c->upstream;
    bool from_client = direction == FROM_CLIENT;
    struct outbuf *out = from_client ? &u->out : &c->out;
    bool *can_read = from_client ? &c->can_read : &u->can_read;
    bool hung_up = from_client ? c->hung_up : u->hung_up;
    int from = from_client ? c->fd : u->fd, to = from_client ? u->fd : c->fd;

    if (outbuf_flush(out, to) == OUTBUF_FAILED)
        goto broken;
    for (int turn = 0; outbuf_is_empty(out) && *can_read && !c->tunnel_closed[direction]; turn++) {
        struct iovec piece = {.iov_base = c->worker->scratch};
        if (turn == CONN_TURN) {
            conn_rearm(c->worker, from, from_client ? (void *)c : (void *)u);
            break;
        }
        switch (conn_receive(from, piece.iov_base, OUTBUF_READ_MAX, can_read, hung_up,
                             &piece.iov_len)) {
        case IO_SOME:
            if (outbuf_write(out, to, &piece, 1) == OUTBUF_FAILED)
                goto broken;
            break;
        case IO_NOTHING:
            break;
        case IO_END:
            c->tunnel_closed[direction] = true;
            shutdown(to, SHUT_WR);
            break;
        case IO_BROKE:
            goto broken;
        }
    }
    return true;
broken:
    conn_close(c,
               from_client ? "tunnel broke towards the task" : "tunnel broke towards the client");
    return false;
}

void tunnel_run(struct conn *c)
{
    if (!pump(c, FROM_CLIENT) || !pump(c, FROM_TASK))
        return;
    if (c->tunnel_closed[FROM_CLIENT] && c->tunnel_closed[FROM_TASK] && outbuf_is_empty(&c->out) &&
        outbuf_is_empty(&c->upstream->out))
        conn_close(c, "tunnel ended");
}

void tunnel_begin(struct conn *c, const char *bytes, size_t len)
{
    struct upstream *u = c->upstream;
    struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};

    conn_set_state(c, CONN_TUNNEL);
    tally_add(&c->worker->tally->tunnels, 1);
    tally_add(&c->worker->tally->open_tunnels, 1);
    if (len > 0 && outbuf_write(&c->out, c->fd, &piece, 1) == OUTBUF_FAILED) {
        conn_close(c, "the client left");
        return;
    }
    if (c->in && c->in->end > c->in->start) {
        piece = (struct iovec){.iov_base = c->in->bytes + c->in->start,
                               .iov_len = c->in->end - c->in->start};
        if (outbuf_write(&u->out, u->fd, &piece, 1) == OUTBUF_FAILED) {
            conn_close(c, "the task left");
            return;
        }
    }
    block_put(&c->worker->blocks, &c->in);
    tunnel_run(c);
}
