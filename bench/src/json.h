/* Just enough JSON to look at one member of an object in place. The input is trusted to be JSON:
 * what a proxy makes of it is what the checks below find out. */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include "net.h"

struct slice {
  const char *start, *end; /* start is NULL: not there */
};

static inline const char *json_blank(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) p++;
  return p;
}

/* Past the string that opens at p. */
static inline const char *json_string(const char *p, const char *end) {
  for (p++; p < end && *p != '"'; p++) p += *p == '\\';
  return p < end ? p + 1 : end;
}

/* Past the value that begins at p. */
static inline const char *json_skip(const char *p, const char *end) {
  int depth = 0;
  while (p < end) {
    if (*p == '"') {
      p = json_string(p, end);
    } else if (*p == '{' || *p == '[') {
      depth++, p++;
    } else if (*p == '}' || *p == ']') {
      depth--, p++;
    } else if (depth) {
      p++;
    } else {
      while (p < end && !strchr(",}] \t\r\n", *p)) p++;
      return p;
    }
    if (!depth) return p;
  }
  return end;
}

static inline struct slice json_member(struct slice object, const char *name) {
  size_t length = strlen(name);
  const char *p = object.start, *end = object.end;
  if (!p || (p = json_blank(p, end)) >= end || *p++ != '{') return (struct slice){0};
  while ((p = json_blank(p, end)) < end && *p == '"') {
    const char *key = p + 1, *key_end = json_string(p, end) - 1;
    p = json_blank(key_end + 1, end);
    const char *value = json_blank(p + 1, end);
    p = json_skip(value, end);
    if ((size_t)(key_end - key) == length && !memcmp(key, name, length))
      return (struct slice){value, p};
    p = json_blank(p, end);
    p += p < end && *p == ',';
  }
  return (struct slice){0};
}

static inline int json_is(struct slice value, const char *word) {
  size_t length = strlen(word);
  return value.start && (size_t)(value.end - value.start) == length + 2 && *value.start == '"' &&
         !memcmp(value.start + 1, word, length);
}

static inline uint32_t json_hex(const char *p) {
  char digits[5] = {p[0], p[1], p[2], p[3], 0};
  return strtoul(digits, NULL, 16);
}

static inline size_t utf8(uint32_t c, char *to) {
  if (c < 0x80) return to[0] = c, 1;
  if (c < 0x800) return to[0] = 0xc0 | c >> 6, to[1] = 0x80 | (c & 0x3f), 2;
  if (c < 0x10000)
    return to[0] = 0xe0 | c >> 12, to[1] = 0x80 | (c >> 6 & 0x3f), to[2] = 0x80 | (c & 0x3f), 3;
  to[0] = 0xf0 | c >> 18, to[1] = 0x80 | (c >> 12 & 0x3f);
  return to[2] = 0x80 | (c >> 6 & 0x3f), to[3] = 0x80 | (c & 0x3f), 4;
}

/* Put the text of a JSON string into *into*, replacing what was there. */
static inline void json_text(struct slice value, struct buffer *into) {
  static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
  into->used = 0;
  const char *p = value.start + 1, *end = value.end - 1;
  while (p < end) {
    const char *escape = memchr(p, '\\', end - p);
    append(into, p, (escape ? escape : end) - p);
    if (!escape) break;
    char bytes[4] = {escape[1]}, *letter = memchr(letters, escape[1], 5);
    size_t n = 1;
    p = escape + 2;
    if (letter) bytes[0] = meanings[letter - letters];
    if (escape[1] == 'u') {
      uint32_t c = json_hex(p);
      p += 4;
      if (c >> 10 == 0x36 && end - p >= 6) { /* a surrogate pair */
        c = 0x10000 + ((c & 0x3ff) << 10) + (json_hex(p + 2) & 0x3ff);
        p += 6;
      }
      n = utf8(c, bytes);
    }
    append(into, bytes, n);
  }
}

#endif
