/* A cheap stand-in for Amazon Q: plays frames that were encoded before it started.
 *
 *   upstream PORT DIRECTORY
 *
 * DIRECTORY holds NAME.frames files, each the frames of one answer end to end. A request for an
 * answer says which one in its text, as "play:NAME@RATE;": RATE frames of content a second (0.1:
 * one in ten seconds), 0 for all at once. So nothing needs to be switched between cases, and a
 * request that lost its text on the way gets no answer. Each frame is one HTTP chunk.
 *
 * Also answered: any path that begins with /token, ListAvailableModels, and /playing with how
 * many answers are under way.
 */
#include "net.h"

#include <dirent.h>

#define MAX_SCRIPTS 64
#define MAX_EVENTS 512

struct frame {
  size_t start, end; /* in the chunked rendering */
  int content;       /* text or a piece of a tool call: what is paced */
};

struct script {
  char name[64];
  struct buffer chunked; /* the whole body, ready to send */
  struct frame *frames;
  size_t count;
};

struct peer {
  int fd, waits_to_write;
  struct buffer in, out;
  const struct script *playing; /* NULL: between requests */
  size_t next;
  uint64_t due, period;
  int place; /* in the queue of what is due; -1: not there */
};

static struct script scripts[MAX_SCRIPTS];
static int script_count, poller, playing;

/* ---- scripts ---- */

static int is_content(const char *frame, size_t n) {
  return memmem(frame, n, "assistantResponseEvent", 22) || memmem(frame, n, "toolUseEvent", 12);
}

static void load_script(const char *directory, const char *file) {
  struct script *s = &scripts[script_count++];
  struct buffer raw = {0};
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", directory, file);
  snprintf(s->name, sizeof s->name, "%.*s", (int)(strlen(file) - strlen(".frames")), file);
  read_file(&raw, path);
  size_t room = 0;
  for (size_t at = 0; at + 16 <= raw.used;) {
    size_t size = big_endian(raw.bytes + at);
    if (size < 16 || at + size > raw.used) die("a script holds a broken frame");
    if (s->count == room) {
      room = room ? room * 2 : 256;
      if (!(s->frames = realloc(s->frames, room * sizeof *s->frames))) die("realloc");
    }
    struct frame *f = &s->frames[s->count++];
    f->start = s->chunked.used;
    f->content = is_content(raw.bytes + at, size);
    appendf(&s->chunked, "%zx\r\n", size);
    append(&s->chunked, raw.bytes + at, size);
    append(&s->chunked, "\r\n", 2);
    f->end = s->chunked.used;
    at += size;
  }
  append(&s->chunked, "0\r\n\r\n", 5);
  free(raw.bytes);
}

static void load_scripts(const char *directory) {
  DIR *d = opendir(directory);
  if (!d) die(directory);
  for (struct dirent *entry; (entry = readdir(d)) && script_count < MAX_SCRIPTS;) {
    const char *dot = strrchr(entry->d_name, '.');
    if (dot && !strcmp(dot, ".frames")) load_script(directory, entry->d_name);
  }
  closedir(d);
}

static const struct script *find_script(const char *name, size_t n) {
  for (int i = 0; i < script_count; i++)
    if (strlen(scripts[i].name) == n && !memcmp(scripts[i].name, name, n)) return &scripts[i];
  return NULL;
}

/* ---- what is due: a binary heap, earliest first ---- */

static struct peer **queue;
static int queued, queue_room;

static void put(int place, struct peer *p) {
  queue[place] = p;
  p->place = place;
}

static void sift(int place) {
  struct peer *p = queue[place];
  for (int up; place && queue[up = (place - 1) / 2]->due > p->due; place = up) put(place, queue[up]);
  for (int down; (down = 2 * place + 1) < queued; place = down) {
    if (down + 1 < queued && queue[down + 1]->due < queue[down]->due) down++;
    if (queue[down]->due >= p->due) break;
    put(place, queue[down]);
  }
  put(place, p);
}

static void enqueue(struct peer *p) {
  if (queued == queue_room) {
    queue_room = queue_room ? queue_room * 2 : 256;
    if (!(queue = realloc(queue, queue_room * sizeof *queue))) die("realloc");
  }
  put(queued++, p);
  sift(p->place);
}

static void dequeue(struct peer *p) {
  if (p->place < 0) return;
  struct peer *last = queue[--queued];
  if (last != p) {
    put(p->place, last);
    sift(last->place);
  }
  p->place = -1;
}

/* ---- peers ---- */

static void watch(struct peer *p, int operation, int write) {
  struct epoll_event e = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = p};
  epoll_ctl(poller, operation, p->fd, &e);
  p->waits_to_write = write;
}

/* Whether the peer still lives. What the socket does not take stays in the buffer. */
static int flush(struct peer *p) {
  size_t sent = 0;
  while (sent < p->out.used) {
    ssize_t n = send(p->fd, p->out.bytes + sent, p->out.used - sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return 0;
    if (n < 0) break;
    sent += n;
  }
  discard(&p->out, sent);
  int blocked = p->out.used > 0;
  if (blocked != p->waits_to_write) watch(p, EPOLL_CTL_MOD, blocked);
  return 1;
}

static void stop_playing(struct peer *p) {
  playing -= p->playing != NULL;
  p->playing = NULL;
  dequeue(p);
}

/* Queue frames up to and with the next one of content, and all that follow the last one. */
static void play_on(struct peer *p) {
  const struct script *s = p->playing;
  size_t first = p->next, contents = 0;
  for (; p->next < s->count && !(contents && s->frames[p->next].content); p->next++)
    contents += s->frames[p->next].content;
  int last = p->next == s->count;
  size_t start = s->frames[first].start;
  size_t end = last ? s->chunked.used : s->frames[p->next - 1].end;
  append(&p->out, s->chunked.bytes + start, end - start);
  if (last) stop_playing(p);
}

static void answer(struct peer *p, int status, const char *body) {
  appendf(&p->out, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
          status, status == 200 ? "OK" : "Bad Request", strlen(body), body);
}

static void begin(struct peer *p, const char *body, size_t n) {
  const char *name = memmem(body, n, "play:", 5), *end = body + n;
  const char *at = name ? memchr(name, '@', end - name) : NULL;
  const char *stop = at ? memchr(at, ';', end - at) : NULL;
  const struct script *s = stop ? find_script(name + 5, at - name - 5) : NULL;
  if (!s) {
    answer(p, 400, "{\"__type\":\"ValidationException\",\"message\":\"no script of that name\"}");
    return;
  }
  double rate = strtod(at + 1, NULL);
  appendf(&p->out, "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\n"
                   "x-amzn-RequestId: 00000000-0000-4000-8000-000000000000\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n");
  if (rate <= 0) {
    append(&p->out, s->chunked.bytes, s->chunked.used);
    return;
  }
  p->playing = s;
  playing++;
  p->next = 0;
  p->period = 1e9 / rate;
  play_on(p);
  /* A phase of its own for every stream, or they would all speak at once. */
  p->due = now_ns() + rand() % p->period;
  if (p->playing) enqueue(p);
}

static const char TOKEN[] =
    "{\"accessToken\":\"aoa-bench-access\",\"tokenType\":\"Bearer\",\"expiresIn\":3600,"
    "\"refreshToken\":\"aor-bench-refresh\"}";
static const char MODELS[] =
    "{\"models\":[{\"modelId\":\"claude-sonnet-4.5\",\"modelName\":\"Claude Sonnet 4.5\","
    "\"rateMultiplier\":1.3,\"rateUnit\":\"Credit\",\"supportedInputTypes\":[\"TEXT\",\"IMAGE\"],"
    "\"tokenLimits\":{\"maxInputTokens\":200000,\"maxOutputTokens\":64000}}],"
    "\"defaultModel\":{\"modelId\":\"claude-sonnet-4.5\"}}";

static void route(struct peer *p, const char *head, size_t head_size, size_t body_size) {
  const char *path = memchr(head, ' ', head_size);
  char number[16];
  snprintf(number, sizeof number, "%d", playing);
  if (path && !strncmp(path + 1, "/token", 6))
    answer(p, 200, TOKEN);
  else if (path && !strncmp(path + 1, "/playing", 8))
    answer(p, 200, number);
  else if (memmem(head, head_size, "ListAvailableModels", 19))
    answer(p, 200, MODELS);
  else
    begin(p, head + head_size, body_size);
}

static void take_requests(struct peer *p) {
  while (!p->playing) {
    size_t head = http_head(p->in.bytes, p->in.used);
    if (!head) return;
    const char *length = http_header(p->in.bytes, head, "content-length");
    size_t body = length ? strtoull(length, NULL, 10) : 0;
    if (p->in.used < head + body) return;
    route(p, p->in.bytes, head, body);
    discard(&p->in, head + body);
  }
}

/* Whether the peer still lives. */
static int receive(struct peer *p) {
  static char piece[262144];
  /* One read each time, or a large request would keep the others from their pace. */
  ssize_t n = recv(p->fd, piece, sizeof piece, 0);
  if (n < 0 && errno == EAGAIN) return 1;
  if (n <= 0) return 0;
  append(&p->in, piece, n);
  take_requests(p);
  return flush(p);
}

static void hang_up(struct peer *p) {
  stop_playing(p);
  close(p->fd);
  free(p->in.bytes);
  free(p->out.bytes);
  free(p);
}

static void greet(int listener) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    struct peer *p = calloc(1, sizeof *p);
    if (!p) die("calloc");
    no_delay(fd);
    p->fd = fd;
    p->place = -1;
    watch(p, EPOLL_CTL_ADD, 0);
  }
}

static void play_what_is_due(void) {
  for (uint64_t now = now_ns(); queued && queue[0]->due <= now;) {
    struct peer *p = queue[0];
    p->due += p->period;
    sift(0);
    play_on(p);
    if (!p->playing) take_requests(p);
    if (!flush(p)) shutdown(p->fd, SHUT_RDWR); /* epoll reports it, hang_up follows */
  }
}

static int listen_on(int port) {
  struct sockaddr_in address = loopback(port);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (void *)&address, sizeof address) || listen(fd, 4096)) die("listen");
  return fd;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: upstream PORT DIRECTORY\n");
    return 2;
  }
  allow_many_files();
  load_scripts(argv[2]);
  int listener = listen_on(atoi(argv[1]));
  struct epoll_event e = {.events = EPOLLIN}, events[MAX_EVENTS];
  poller = epoll_create1(0);
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e);
  for (;;) {
    uint64_t now = now_ns(), wait = queued && queue[0]->due > now ? queue[0]->due - now : 0;
    struct timespec patience = {wait / 1000000000u, wait % 1000000000u};
    int n = epoll_pwait2(poller, events, MAX_EVENTS, queued ? &patience : NULL, NULL);
    for (int i = 0; i < n; i++) {
      struct peer *p = events[i].data.ptr;
      if (!p) {
        greet(listener);
        continue;
      }
      int lives = 1;
      if (events[i].events & EPOLLOUT) lives = flush(p);
      if (lives && events[i].events & ~EPOLLOUT) lives = receive(p);
      if (!lives) hang_up(p);
    }
    play_what_is_due();
  }
}
