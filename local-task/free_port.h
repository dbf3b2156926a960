/* Ports for local tasks. */
#ifndef MIRAGE_LOCAL_TASK_FREE_PORT_H
#define MIRAGE_LOCAL_TASK_FREE_PORT_H

/* Takes a free port of 127.0.0.1 that no other local task of this machine gets while this process
 * lives. Returns a socket that listens on it, which the caller closes; -1 when there is none. */
int free_port_take(int *port) __attribute__((warn_unused_result));

#endif
