/* What both programs need of the network: growing buffers, a clock, sockets on loopback. */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct buffer {
  char *bytes;
  size_t used, room;
};

static inline void die(const char *what) {
  perror(what);
  exit(2);
}

static inline void append(struct buffer *b, const void *bytes, size_t n) {
  if (b->used + n > b->room) {
    size_t room = b->room ? b->room : 4096;
    while (room < b->used + n) room *= 2;
    if (!(b->bytes = realloc(b->bytes, room))) die("realloc");
    b->room = room;
  }
  if (n) memcpy(b->bytes + b->used, bytes, n);
  b->used += n;
}

static inline void appendf(struct buffer *b, const char *format, ...) {
  char line[2048];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  if (n < 0 || n >= (int)sizeof line) die("appendf");
  append(b, line, n);
}

static inline void discard(struct buffer *b, size_t n) {
  if (n && n < b->used) memmove(b->bytes, b->bytes + n, b->used - n);
  b->used -= n;
}

static inline void read_file(struct buffer *b, const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) die(path);
  char piece[65536];
  for (size_t n; (n = fread(piece, 1, sizeof piece, file));) append(b, piece, n);
  fclose(file);
}

static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static inline void allow_many_files(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static inline struct sockaddr_in loopback(int port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET,
      .sin_port = htons(port),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
}

static inline void no_delay(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* The value of a header in a block of header lines that ends with an empty one, or NULL. */
static inline const char *http_header(const char *head, size_t n, const char *name) {
  size_t length = strlen(name);
  const char *end = head + n;
  for (const char *line = memchr(head, '\n', n); line && ++line < end;) {
    if ((size_t)(end - line) > length && !strncasecmp(line, name, length) && line[length] == ':') {
      for (line += length + 1; *line == ' '; line++) {}
      return line;
    }
    line = memchr(line, '\n', end - line);
  }
  return NULL;
}

/* Bytes up to and with the empty line that ends the headers; 0 when it is not there yet. */
static inline size_t http_head(const char *bytes, size_t n) {
  const char *end = n ? memmem(bytes, n, "\r\n\r\n", 4) : NULL;
  return end ? (size_t)(end - bytes) + 4 : 0;
}

static inline uint32_t big_endian(const char *bytes) {
  uint32_t word;
  memcpy(&word, bytes, 4);
  return ntohl(word);
}

#endif
