/* A load client that believes nothing: every stream is read to its end and compared.
 *
 *   client PORT PATH BODY_FILE sse|frames STREAMS AT_ONCE RAMP_MS LIMIT_S DELTAS TEXT TOOL PAUSE_MS
 *
 * The reply is Claude's events (sse) or, through a proxy that translates nothing, Amazon's frames
 * (frames). DELTAS is how many pieces each stream must have, TEXT and TOOL are the crc32 of all
 * its text and of all its tool input. With PAUSE_MS a stream reads nothing for that long after
 * its first piece. Prints "open" once AT_ONCE streams have had their first piece, and at the end
 * one JSON object; exits 1 when a stream failed.
 */
#include "json.h"

#include <zlib.h>

#define MAX_EVENTS 512

struct expectation {
  long deltas;
  uint32_t text, tool;
};

struct stream {
  int fd, reused, writing;
  size_t sent;
  uint64_t began, first, latest, gap; /* gap: the longest between two pieces */
  uint64_t resume;                    /* when reading goes on; 0: it was not paused */
  struct buffer wire; /* as received */
  struct buffer body; /* without the chunked encoding, not yet read */
  int status, chunked, in_body, whole;
  long long left; /* of the chunk or body; -1: at the next chunk's size line */
  /* what was seen */
  struct expectation seen;
  int opened, closed;
  const char *fault;
};

static struct expectation expected;
static struct buffer request, text;
static struct sockaddr_in address;
static int poller, frames;
static long at_once;
static long wanted, issued, finished, failed, deltas, reads, opened;
static long long received;
static uint64_t *first_after, *whole_after, *longest_gap, pause_for;
static char complaint[512];

/* ---- what the bytes say ---- */

static void fault(struct stream *s, const char *what, struct slice evidence) {
  if (s->fault) return;
  s->fault = what;
  if (complaint[0]) return;
  size_t size = evidence.start ? evidence.end - evidence.start : 0;
  snprintf(complaint, sizeof complaint, "%s %.*s", what, (int)(size < 300 ? size : 300),
           size ? evidence.start : "");
}

static void piece(struct stream *s, uint32_t *sum, struct slice value) {
  json_text(value, &text);
  *sum = crc32(*sum, (void *)text.bytes, text.used);
  s->seen.deltas++;
}

static void claude_delta(struct stream *s, struct slice data) {
  struct slice delta = json_member(data, "delta"), value;
  if ((value = json_member(delta, "text")).start) piece(s, &s->seen.text, value);
  else if ((value = json_member(delta, "partial_json")).start) piece(s, &s->seen.tool, value);
  else fault(s, "a delta of an unknown kind:", data);
}

static void claude_event(struct stream *s, struct slice name, struct slice data) {
  struct slice type = json_member(data, "type");
  if (!type.start || !name.start || type.end - type.start - 2 != name.end - name.start ||
      memcmp(type.start + 1, name.start, name.end - name.start))
    fault(s, "event and type differ:", data);
  else if (s->closed) fault(s, "something follows message_stop:", data);
  else if (json_is(type, "content_block_delta")) claude_delta(s, data);
  else if (json_is(type, "message_start")) s->opened++;
  else if (json_is(type, "message_stop")) s->closed = 1;
  else if (json_is(type, "error")) fault(s, "an error event:", data);
}

/* One event, without the empty line that ended it. */
static void sse_event(struct stream *s, const char *p, const char *end) {
  struct slice name = {0}, data = {0};
  while (p < end) {
    const char *line = p, *stop = memchr(p, '\n', end - p);
    if (!stop) stop = end;
    if (stop - line > 7 && !memcmp(line, "event: ", 7)) name = (struct slice){line + 7, stop};
    if (stop - line > 6 && !memcmp(line, "data: ", 6)) data = (struct slice){line + 6, stop};
    p = stop + 1;
  }
  if (data.start) claude_event(s, name, data);
}

static void read_sse(struct stream *s) {
  size_t at = 0;
  for (char *end; s->body.used > at &&
                  (end = memmem(s->body.bytes + at, s->body.used - at, "\n\n", 2));) {
    sse_event(s, s->body.bytes + at, end);
    at = end + 2 - s->body.bytes;
  }
  discard(&s->body, at);
}

static void amazon_frame(struct stream *s, const char *frame, size_t size) {
  size_t headers = big_endian(frame + 4);
  struct slice payload = {frame + 12 + headers, frame + size - 4}, value;
  if (memmem(frame + 12, headers, "assistantResponseEvent", 22)) {
    if ((value = json_member(payload, "content")).start) piece(s, &s->seen.text, value);
  } else if (memmem(frame + 12, headers, "toolUseEvent", 12)) {
    if ((value = json_member(payload, "input")).start) piece(s, &s->seen.tool, value);
  } else if (memmem(frame + 12, headers, "initial-response", 16)) {
    s->opened++;
  } else if (memmem(frame + 12, headers, "meteringEvent", 13)) {
    s->closed = 1;
  }
}

static void read_frames(struct stream *s) {
  size_t at = 0, size;
  while (s->body.used - at >= 16 && (size = big_endian(s->body.bytes + at)) <= s->body.used - at) {
    amazon_frame(s, s->body.bytes + at, size);
    at += size;
  }
  discard(&s->body, at);
}

static void read_body(struct stream *s, const char *bytes, size_t n) {
  append(&s->body, bytes, n);
  if (s->status != 200) return;
  if (frames) read_frames(s);
  else read_sse(s);
}

/* ---- HTTP ---- */

static void read_head(struct stream *s, size_t size) {
  const char *encoding = http_header(s->wire.bytes, size, "transfer-encoding");
  const char *length = http_header(s->wire.bytes, size, "content-length");
  s->status = atoi(s->wire.bytes + strlen("HTTP/1.1 "));
  s->chunked = encoding && !strncasecmp(encoding, "chunked", 7);
  s->left = s->chunked ? -1 : length ? atoll(length) : 0;
  s->in_body = 1;
  s->whole = !s->chunked && !s->left;
}

/* Read the size line of a chunk; 0: it is not all there. */
static size_t chunk_line(struct stream *s, const char *p, size_t n) {
  const char *end = memchr(p, '\n', n);
  if (!end) return 0;
  s->left = strtoll(p, NULL, 16);
  if (s->left) return end + 1 - p;
  if (n < (size_t)(end + 1 - p) + 2) { /* the last chunk's empty line belongs to it */
    s->left = -1;
    return 0;
  }
  s->whole = 1;
  return end + 1 - p + 2;
}

static void read_wire(struct stream *s) {
  size_t at = 0;
  if (!s->in_body) {
    if (!(at = http_head(s->wire.bytes, s->wire.used))) return;
    read_head(s, at);
  }
  while (!s->whole && at < s->wire.used) {
    const char *p = s->wire.bytes + at;
    size_t n = s->wire.used - at, used;
    if (s->left < 0) {
      if (!(used = chunk_line(s, p, n))) break;
    } else if (s->left > 0) {
      used = (long long)n < s->left ? n : (size_t)s->left;
      read_body(s, p, used);
      s->left -= used;
      s->whole = !s->left && !s->chunked;
    } else { /* the line end after a chunk */
      if ((used = 2) > n) break;
      s->left = -1;
    }
    at += used;
  }
  discard(&s->wire, at);
}

/* ---- streams ---- */

static void watch(struct stream *s, int operation, int write) {
  struct epoll_event e = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = s};
  epoll_ctl(poller, operation, s->fd, &e);
  s->writing = write;
}

static void pause_reading(struct stream *s, uint64_t now) {
  struct epoll_event e = {.data.ptr = s};
  epoll_ctl(poller, EPOLL_CTL_MOD, s->fd, &e);
  s->resume = now + pause_for;
}

static void resume_reading(struct stream *s, uint64_t now) {
  if (!s->resume || s->resume == UINT64_MAX || s->resume > now) return;
  s->resume = UINT64_MAX; /* once is enough */
  watch(s, EPOLL_CTL_MOD, 0);
}

/* One read brought something: pieces of one read have no gap between them. */
static void time_pieces(struct stream *s, uint64_t now) {
  if (!s->first) {
    s->first = now;
    if (++opened == at_once) puts("open"), fflush(stdout);
    if (pause_for) pause_reading(s, now);
  } else if (now - s->latest > s->gap) {
    s->gap = now - s->latest;
  }
  s->latest = now;
}

static void start(struct stream *s) {
  struct stream fresh = {.fd = s->fd, .wire = s->wire, .body = s->body, .reused = s->fd >= 0};
  fresh.wire.used = fresh.body.used = 0;
  fresh.began = now_ns();
  *s = fresh;
  issued++;
  if (s->reused) {
    watch(s, EPOLL_CTL_MOD, 1);
    return;
  }
  s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  no_delay(s->fd);
  /* Who does not read is to be felt by the proxy, not swallowed by this system's buffers. */
  int small = 65536;
  if (pause_for) setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  if (connect(s->fd, (void *)&address, sizeof address) && errno != EINPROGRESS) die("connect");
  watch(s, EPOLL_CTL_ADD, 1);
}

static void judge(struct stream *s) {
  struct slice rest = {s->body.bytes, s->body.bytes + s->body.used};
  if (!s->whole) fault(s, "the connection ended in the middle", rest);
  else if (s->status != 200) fault(s, "refused:", rest);
  else if (s->opened != 1) fault(s, "no beginning, or two", rest);
  else if (!s->closed) fault(s, "no end", rest);
  else if (rest.start != rest.end) fault(s, "bytes left over:", rest);
  else if (s->seen.deltas != expected.deltas) fault(s, "pieces lost or made up", rest);
  else if (s->seen.text != expected.text) fault(s, "the text differs", rest);
  else if (s->seen.tool != expected.tool) fault(s, "the tool input differs", rest);
}

static void settle(struct stream *s) {
  judge(s);
  deltas += s->seen.deltas;
  if (s->fault) {
    failed++;
  } else {
    first_after[finished - failed] = s->first - s->began;
    whole_after[finished - failed] = now_ns() - s->began;
    longest_gap[finished - failed] = s->gap;
  }
  finished++;
  if (s->fault || issued == wanted) {
    close(s->fd);
    s->fd = -1;
  }
  if (issued < wanted) start(s);
}

static void send_request(struct stream *s) {
  while (s->sent < request.used) {
    ssize_t n = send(s->fd, request.bytes + s->sent, request.used - s->sent, MSG_NOSIGNAL);
    if (n < 0) return; /* EAGAIN, or an error that the next recv reports */
    s->sent += n;
  }
  watch(s, EPOLL_CTL_MOD, 0);
}

static void receive(struct stream *s) {
  static char bytes[262144];
  ssize_t n = recv(s->fd, bytes, sizeof bytes, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    settle(s);
    return;
  }
  reads++;
  received += n;
  append(&s->wire, bytes, n);
  long before = s->seen.deltas;
  read_wire(s);
  if (s->seen.deltas != before) time_pieces(s, now_ns());
  if (s->whole) settle(s);
}

/* ---- the run ---- */

static int by_size(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static double quantile_ms(uint64_t *values, long n, double q) {
  qsort(values, n, sizeof *values, by_size);
  return n ? values[(long)((n - 1) * q)] / 1e6 : 0;
}

static void report(double seconds) {
  long good = finished - failed;
  for (char *c = complaint; *c; c++)
    if (*c == '"' || *c == '\\' || (unsigned char)*c < 32 || (unsigned char)*c > 126) *c = '\'';
  printf("{\"wanted\":%ld,\"good\":%ld,\"complaint\":\"%s\",\"deltas\":%ld,\"bytes\":%lld,"
         "\"reads\":%ld,\"seconds\":%.6f,\"first_ms\":{\"p50\":%.3f,\"p99\":%.3f},"
         "\"whole_ms\":{\"p50\":%.3f,\"p99\":%.3f},"
         "\"gap_ms\":{\"p50\":%.3f,\"p99\":%.3f,\"most\":%.3f}}\n",
         wanted, good, complaint, deltas, received, reads, seconds,
         quantile_ms(first_after, good, .5), quantile_ms(first_after, good, .99),
         quantile_ms(whole_after, good, .5), quantile_ms(whole_after, good, .99),
         quantile_ms(longest_gap, good, .5), quantile_ms(longest_gap, good, .99),
         quantile_ms(longest_gap, good, 1));
}

static void prepare(int port, const char *path, const char *file) {
  struct buffer body = {0};
  read_file(&body, file);
  appendf(&request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
                    "Accept: text/event-stream\r\nanthropic-version: 2023-06-01\r\n"
                    "Content-Length: %zu\r\n\r\n", path, port, body.used);
  append(&request, body.bytes, body.used);
  free(body.bytes);
}

static void run(struct stream *streams, uint64_t ramp, uint64_t limit) {
  struct epoll_event events[MAX_EVENTS];
  uint64_t began = now_ns(), elapsed;
  for (long started = 0; finished < wanted && (elapsed = now_ns() - began) < limit;) {
    long due = ramp ? (long)((double)at_once * elapsed / ramp) + 1 : at_once;
    while (started < at_once && started < due) start(&streams[started++]);
    for (long i = 0; pause_for && i < started; i++) resume_reading(&streams[i], now_ns());
    int n = epoll_wait(poller, events, MAX_EVENTS, started < at_once ? 1 : pause_for ? 10 : 100);
    for (int i = 0; i < n; i++) {
      struct stream *s = events[i].data.ptr;
      if (s->writing && events[i].events & EPOLLOUT) send_request(s);
      if (events[i].events & ~EPOLLOUT) receive(s);
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 13) {
    fprintf(stderr, "usage: client PORT PATH BODY_FILE sse|frames STREAMS AT_ONCE RAMP_MS LIMIT_S"
                    " DELTAS TEXT TOOL PAUSE_MS\n");
    return 2;
  }
  int port = atoi(argv[1]);
  prepare(port, argv[2], argv[3]);
  frames = !strcmp(argv[4], "frames");
  wanted = atol(argv[5]);
  at_once = atol(argv[6]) < wanted ? atol(argv[6]) : wanted;
  expected.deltas = atol(argv[9]);
  expected.text = strtoul(argv[10], NULL, 10);
  expected.tool = strtoul(argv[11], NULL, 10);
  pause_for = atol(argv[12]) * 1000000ull;
  address = loopback(port);
  allow_many_files();
  poller = epoll_create1(0);
  first_after = calloc(wanted, sizeof *first_after);
  whole_after = calloc(wanted, sizeof *whole_after);
  longest_gap = calloc(wanted, sizeof *longest_gap);
  struct stream *streams = calloc(at_once, sizeof *streams);
  if (!first_after || !whole_after || !longest_gap || !streams) die("calloc");
  for (long i = 0; i < at_once; i++) streams[i].fd = -1;
  uint64_t began = now_ns();
  run(streams, atol(argv[7]) * 1000000ull, atol(argv[8]) * 1000000000ull);
  if (finished < wanted && !complaint[0])
    snprintf(complaint, sizeof complaint, "%ld streams were not over in time", wanted - finished);
  report((now_ns() - began) / 1e9);
  return finished - failed == wanted ? 0 : 1;
}
