// launcher.h - what the three parts of the launcher share.
#ifndef BERTH_LAUNCHER_H
#define BERTH_LAUNCHER_H
#include "ops.h"
#include <stddef.h>

struct list { const char *at; unsigned count; };            // see list_next
struct bytes { const char *at; unsigned length; };

// One decoded op: its fields by type, in their order within the type.
struct op {
  unsigned code;
  unsigned u[5], nu;
  unsigned long long U[4]; unsigned nU;
  int f[6]; unsigned nf;
  const char *s[3]; unsigned ns;
  struct list S[2]; unsigned nS;
  struct bytes b;
};

// Messages on the socketpair between the container's process and its monitor. The process sends; a single byte comes back to let it go on.
enum { SYNC_FAILED = 1, SYNC_HELD, SYNC_MASTER, SYNC_EXECUTING };
struct sync { int type, step, error; char about[256]; };

// State of a run through the op list; in the monitor up to CLONE, in the process from there on.
struct steps {
  const char *ops, *next;     // the mapped list, and the op to come
  unsigned size, count, step; // `step` is the index of the op being run
  int slot[OPS_MAX_SLOTS];
  int sync;                   // the process's end of the socketpair, -1 in the monitor
  int root;                   // O_PATH descriptor of the root, -1 before ROOT
  int null_tree, empty_tree;  // what MASK covers with
  int terminal, executing;
  unsigned uid, gid, mask;
  const char *chdir_later;
  char home[256];
  const char *about;          // path or word that a failure is about
  struct op op;
};

// launch.c
void set_title(const char *text);                                  // what ps and /proc/PID/cmdline say from here on; cut where it does not fit

// steps.c
int ops_check(struct steps *steps, const char *ops, size_t size);  // 0, or -1 with errno EBADMSG: nothing may run then
int ops_run(struct steps *steps);                                  // 1 at CLONE or MONITOR (in steps->op), 0 at the end, -1 with errno
const char *list_next(struct list *list);
int write_file(const char *path, const char *text, size_t length);
void report(struct steps *steps, int type, int error);

// program.c
int become_user(struct steps *steps, const char *user, unsigned uid, unsigned gid, struct list groups);
int look_up(struct steps *steps, struct list args, struct list env);
int execute(struct steps *steps, struct list args, struct list env, int init);

// monitor.c
_Noreturn void monitor(int connection, int list, const int *slots, int count);
int send_descriptors(int socket, const void *message, size_t size, const int *fds, int count);
int receive_descriptors(int socket, void *message, size_t size, int *fds, int most, int *count);
#endif
