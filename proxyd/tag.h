/* The first member of everything that stands behind epoll_event.data.ptr: what it is. */
#ifndef MIRAGE_PROXYD_TAG_H
#define MIRAGE_PROXYD_TAG_H

enum tag { TAG_LISTENER = 0x4c49, TAG_CONN = 0x434f, TAG_UPSTREAM = 0x5550, TAG_WAKE = 0x5741 };

#endif
