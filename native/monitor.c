// monitor.c - the parent of one container's process. It outlives the engine: keeps the engine's ends of stdio, answers on monitor.sock, and writes
// the exit record before it tells anybody. It ends when the process has ended and an engine, having drained the stdio, says `release`.
#define _GNU_SOURCE
#include "launcher.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SETTING_UP, RUNNING, ENDED };
enum { STDIO_INHERIT, STDIO_PIPES, STDIO_TERMINAL };
#define CONNECTIONS 8
#define UNREACHABLE_MS 5000                    // how often a monitor that waits for an engine looks whether one can still come

static struct {
  int state, stdio, leaves;
  int stdin_write, stdout_read, stderr_read, master;
  int sync, pidfd, listener, connection[CONNECTIONS], watched[CONNECTIONS];
  pid_t pid;
  int acknowledged, reaped;
  unsigned long long started, ended;
  int code, signal, oom;
  struct sync failure;                       // type 0 while there is none
  int executing;
  char oom_file[256];
} m;

int send_descriptors(int socket, const void *message, size_t size, const int *fds, int count) {
  char control[CMSG_SPACE(sizeof(int) * 4)] = { 0 };
  struct iovec iov = { (void *)message, size };
  struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = count ? control : NULL, .msg_controllen = count ? CMSG_SPACE(sizeof(int) * count) : 0 };
  if (count) {
    struct cmsghdr *c = CMSG_FIRSTHDR(&h);
    c->cmsg_level = SOL_SOCKET; c->cmsg_type = SCM_RIGHTS; c->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
  }
  return sendmsg(socket, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int receive_descriptors(int socket, void *message, size_t size, int *fds, int most, int *count) {
  char control[CMSG_SPACE(sizeof(int) * (OPS_MAX_SLOTS + 2))];
  struct iovec iov = { message, size };
  struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof(int) * most) };
  int got;
  *count = 0;
  while ((got = recvmsg(socket, &h, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR);
  if (got < 0) return got;
  struct cmsghdr *c = CMSG_FIRSTHDR(&h);
  if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
    *count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds, CMSG_DATA(c), sizeof(int) * *count);
  }
  return got;
}

static unsigned long long now(void) { struct timespec t; clock_gettime(CLOCK_REALTIME, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }

// --- events -------------------------------------------------------------------------------------------------------------------------------------
static void tell(int connection, struct event event, const char *text) {
  char out[sizeof event + sizeof m.failure.about];
  if (connection < 0) return;
  event.length = text ? strlen(text) : 0;
  memcpy(out, &event, sizeof event);
  if (text) memcpy(out + sizeof event, text, event.length);
  if (send(connection, out, sizeof event + event.length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return; // its end is noticed by poll
}
static void tell_all(struct event event, const char *text) { for (int i = 0; i < CONNECTIONS; i++) tell(m.connection[i], event, text); }
static struct event exited(void) {
  return (struct event){ .event = EVENT_EXITED, .pid = m.pid, .error = m.code, .signal = m.signal, .flags = m.oom, .time = m.ended };
}
static unsigned stdio_flags(void) { return (m.stdio == STDIO_TERMINAL) | (m.stdin_write >= 0 || m.stdio == STDIO_TERMINAL ? 2 : 0); }

static _Noreturn void give_up(int step, int error, const char *about) {
  if (m.pid > 0 && !m.reaped) { kill(m.pid, SIGKILL); if (!m.leaves) waitpid(m.pid, NULL, 0); }
  if (m.listener >= 0) unlink("monitor.sock");
  tell_all((struct event){ .event = EVENT_FAILED, .step = step, .error = error }, about);
  if (m.connection[0] < 0 && m.stdio == STDIO_INHERIT) dprintf(2, "launcher: op %d: %s: %s\n", step, about ? about : "", strerror(error));
  _exit(error == ENOENT ? 127 : 126);
}

// --- the end ------------------------------------------------------------------------------------------------------------------------------------
// Both v2's memory.events and v1's memory.oom_control have a line `oom_kill N`.
static int oom_killed(void) {
  char text[1024]; int fd = m.oom_file[0] ? open(m.oom_file, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return 0;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return 0;
  text[n] = 0;
  const char *line = strstr(text, "oom_kill ");
  return line && (line == text || line[-1] == '\n') && atoi(line + 9) > 0;
}

// `exit CODE SIGNAL NANOSECONDS OOM`, whole or not at all.
static void write_record(void) {
  char text[96]; int fd = open("exit.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int n = snprintf(text, sizeof text, "exit %d %d %llu %d\n", m.code, m.signal, m.ended, m.oom);
  if (fd < 0) return;
  ssize_t done = write(fd, text, n);
  close(fd);
  if (done == n) rename("exit.tmp", "exit");
}

static void reap(void) { if (!m.reaped && m.state == ENDED) { waitpid(m.pid, NULL, 0); m.reaped = 1; } }

// Once the process has ended nothing is left to do for a monitor that nobody can come to: without a run directory, or with one that was removed.
static void leave_if_unreachable(void) {
  if (m.state != ENDED) return;
  for (int i = 0; i < CONNECTIONS; i++) if (m.connection[i] >= 0) return;
  if (m.listener < 0 || access("monitor.sock", F_OK) < 0) _exit(m.code);
}

static void process_ended(void) {
  siginfo_t info = { 0 };
  if (m.state == ENDED || waitid(P_PID, m.pid, &info, WEXITED | WNOWAIT | WNOHANG) < 0 || !info.si_pid) return;
  m.ended = now();
  m.signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
  m.code = m.signal ? 128 + m.signal : info.si_status;
  m.oom = oom_killed();
  m.state = ENDED;
  if (m.listener >= 0) write_record();
  tell_all(exited(), NULL);
  if (m.acknowledged) reap();
  leave_if_unreachable();
}

// --- what comes in ------------------------------------------------------------------------------------------------------------------------------
// The process's words during set-up; end-of-file is its execve (or its death).
static void hear_process(void) {
  struct sync word; int fd = -1, count;
  int got = receive_descriptors(m.sync, &word, sizeof word, &fd, 1, &count);
  if (got == (int)sizeof word) {
    word.about[sizeof word.about - 1] = 0;
    if (word.type == SYNC_FAILED) m.failure = word;
    if (word.type == SYNC_EXECUTING) m.executing = 1;
    if (word.type == SYNC_HELD) tell_all((struct event){ .event = EVENT_HELD, .pid = m.pid, .step = word.error }, NULL);
    if (word.type == SYNC_MASTER && count == 1) { m.master = fd; fd = -1; }
    if (fd >= 0) close(fd);
    return;
  }
  if (got < 0 && errno == EAGAIN) return;
  close(m.sync); m.sync = -1;
  if (m.failure.type) give_up(m.failure.step, m.failure.error, m.failure.about);
  if (!m.executing) give_up(-1, ECANCELED, "the process died while it was set up");
  m.state = RUNNING;
  m.started = now();
  tell_all((struct event){ .event = EVENT_STARTED, .pid = m.pid, .time = m.started, .flags = stdio_flags() }, NULL);
  if (m.leaves) _exit(0);
}

static void give_stdio(int connection) {
  int fds[3], n = 0;
  if (m.stdio == STDIO_TERMINAL) { if (m.master >= 0) fds[n++] = m.master; }
  else { if (m.stdin_write >= 0) fds[n++] = m.stdin_write; if (m.stdout_read >= 0) fds[n++] = m.stdout_read; if (m.stderr_read >= 0) fds[n++] = m.stderr_read; }
  struct event event = { .event = EVENT_STDIO, .pid = m.pid, .flags = stdio_flags() };
  send_descriptors(connection, &event, sizeof event, fds, n);
}

static void obey(int i, const struct verb *v) {
  struct event status = { .event = EVENT_STATUS, .pid = m.pid, .step = m.state, .flags = stdio_flags(), .time = m.started };
  switch (v->verb) {
    case VERB_STATUS:
      if (m.state != ENDED) m.acknowledged = 0;
      tell(m.connection[i], status, NULL);
      if (m.state == ENDED) tell(m.connection[i], exited(), NULL);
      break;
    case VERB_ACKNOWLEDGE: m.acknowledged = 1; reap(); break;
    case VERB_CONTINUE: if (m.sync >= 0) send(m.sync, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT); break;
    case VERB_SIGNAL: if (m.state != ENDED) syscall(SYS_pidfd_send_signal, m.pidfd, v->a, NULL, 0); break;
    case VERB_CLOSE_STDIN: if (m.stdin_write >= 0) { close(m.stdin_write); m.stdin_write = -1; } break;
    case VERB_STDIO: give_stdio(m.connection[i]); break;
    case VERB_WATCH: m.watched[i] |= v->a; break;
    case VERB_RELEASE: if (m.state == ENDED) { reap(); _exit(0); } break;
  }
}

static void hear_connection(int i) {
  struct verb v;
  ssize_t got = recv(m.connection[i], &v, sizeof v, MSG_DONTWAIT);
  if (got == sizeof v) { obey(i, &v); return; }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  close(m.connection[i]); m.connection[i] = -1; m.watched[i] = 0;
  m.acknowledged = 1; reap();                                       // whoever was about to open a pidfd is gone
  leave_if_unreachable();
}

static void accept_connection(void) {
  int fd = accept4(m.listener, NULL, NULL, SOCK_CLOEXEC);
  for (int i = 0; fd >= 0 && i < CONNECTIONS; i++) if (m.connection[i] < 0) { m.connection[i] = fd; return; }
  if (fd >= 0) close(fd);
}

// Which descriptors of stdio anybody waits for, as poll sees them: stdout (or the terminal), stderr, stdin.
static void watch_stdio(struct pollfd *p) {
  int fds[3] = { m.stdio == STDIO_TERMINAL ? m.master : m.stdout_read, m.stderr_read, m.stdio == STDIO_TERMINAL ? m.master : m.stdin_write }, all = 0;
  for (int i = 0; i < CONNECTIONS; i++) all |= m.watched[i];
  for (int i = 0; i < 3; i++) p[i] = (struct pollfd){ all >> i & 1 ? fds[i] : -1, i == 2 ? POLLOUT : POLLIN, 0 };
}
static void tell_ready(const struct pollfd *p) {
  int ready = 0;
  for (int i = 0; i < 3; i++) if (p[i].revents) ready |= 1 << i;
  for (int i = 0; ready && i < CONNECTIONS; i++) {
    unsigned flags = m.watched[i] & ready;
    if (!flags) continue;
    m.watched[i] &= ~flags;
    tell(m.connection[i], (struct event){ .event = EVENT_READY, .flags = flags }, NULL);
  }
}

static _Noreturn void watch(void) {
  for (;;) {
    struct pollfd p[6 + CONNECTIONS] = { { m.sync, POLLIN, 0 }, { m.state == ENDED ? -1 : m.pidfd, POLLIN, 0 }, { m.listener, POLLIN, 0 } };
    watch_stdio(p + 3);
    for (int i = 0; i < CONNECTIONS; i++) p[6 + i] = (struct pollfd){ m.connection[i], POLLIN, 0 };
    int ready = poll(p, 6 + CONNECTIONS, m.state == ENDED ? UNREACHABLE_MS : -1);
    if (ready == 0) leave_if_unreachable();
    if (ready <= 0) continue;
    // First what the process said, then that it ended: its last words may be a failure report.
    while (m.sync >= 0 && (p[0].revents || p[1].revents)) { hear_process(); if (!p[1].revents) break; }
    if (p[1].revents) process_ended();
    tell_ready(p + 3);
    for (int i = 0; i < CONNECTIONS; i++) if (p[6 + i].revents) hear_connection(i);
    if (p[2].revents) accept_connection();
  }
}

// --- the beginning ------------------------------------------------------------------------------------------------------------------------------
static void step_into(const char *directory) {
  char title[64]; const char *name = strrchr(directory, '/');
  if (!directory[0]) return;
  snprintf(title, sizeof title, "berth-monitor %.32s", name ? name + 1 : directory);
  set_title(title);
  struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "monitor.sock" };
  if (chdir(directory) < 0) give_up(0, errno, directory);            // relative names from here on: no limit of 108 bytes for the socket
  unlink("monitor.sock"); unlink("exit");
  umask(077);
  m.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (m.listener < 0 || bind(m.listener, (void *)&address, sizeof address) < 0 || listen(m.listener, 16) < 0) give_up(0, errno, directory);
}

// The process's ends are the slots as they are; the monitor keeps the other ends.
static void take_stdio(struct steps *steps, const struct op *op) {
  m.stdio = op->u[0] & ~MONITOR_LEAVES;
  m.leaves = (op->u[0] & MONITOR_LEAVES) != 0;
  int *kept[] = { &m.stdin_write, &m.stdout_read, &m.stderr_read };
  for (int i = 0; i < 3; i++) {
    int f = op->f[i == 0 ? 1 : i * 2];
    if (f >= 0) { *kept[i] = steps->slot[f]; steps->slot[f] = -1; }
  }
}

// Makes the process's stdio 0, 1, 2: what it does not have is /dev/null.
static int set_stdio(struct steps *steps, const struct op *op) {
  if (m.stdio == STDIO_INHERIT) return 0;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return -1;
  for (int i = 0; i < 3; i++) {
    int f = op->f[i == 0 ? 0 : i * 2 + 1];
    if (dup2(f >= 0 ? steps->slot[f] : null, i) < 0) return -1;
  }
  return 0;
}

// In the host's namespaces and with its privileges, which a process in a user namespace lacks.
static int write_for_process(struct list writes, struct list procs) {
  char path[64], text[16]; const char *name;
  int n = snprintf(text, sizeof text, "%d", m.pid);
  while ((name = list_next(&procs))) if (write_file(name, text, n) < 0) return -1;
  while ((name = list_next(&writes))) {
    const char *value = list_next(&writes);
    if (!value || snprintf(path, sizeof path, "/proc/%d/%s", m.pid, name) >= (int)sizeof path) { errno = EINVAL; return -1; }
    if (write_file(path, value, strlen(value)) < 0) return -1;
  }
  return 0;
}

// The container's process, up to its execve.
static _Noreturn void process(struct steps *steps, const struct op *stdio, int waits, int user) {
  char go;
  umask(0);
  signal(SIGCHLD, SIG_DFL); signal(SIGPIPE, SIG_DFL);
  int ok = set_stdio(steps, stdio) == 0;
  if (ok && waits && recv(steps->sync, &go, 1, 0) != 1) _exit(125);
  if (ok && user) ok = setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0;
  if (ok) { ops_run(steps); }
  report(steps, SYNC_FAILED, errno);
  _exit(errno == ENOENT ? 127 : 126);
}

_Noreturn void monitor(int connection, int list, const int *slots, int count) {
  struct steps steps = { .sync = -1, .root = -1, .null_tree = -1, .empty_tree = -1, .mask = 022 };
  struct stat st; struct op stdio; int pair[2];
  m.stdin_write = m.stdout_read = m.stderr_read = m.master = m.sync = m.pidfd = m.listener = -1;
  for (int i = 0; i < CONNECTIONS; i++) m.connection[i] = -1;
  m.connection[0] = connection;
  for (int i = 0; i < OPS_MAX_SLOTS; i++) steps.slot[i] = i < count ? slots[i] : -1;
  signal(SIGCHLD, SIG_DFL); signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_NAME, "berth-monitor");
  set_title("berth-monitor");

  if (fstat(list, &st) < 0 || st.st_size < 16 || st.st_size > (off_t)OPS_MAX_SIZE) give_up(-1, EBADMSG, NULL);
  const char *ops = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, list, 0);
  if (ops == MAP_FAILED || ops_check(&steps, ops, st.st_size) < 0) give_up(-1, EBADMSG, NULL);
  close(list);
  if (ops_run(&steps) != 1 || steps.op.code != OP_MONITOR) give_up(0, EBADMSG, NULL);
  stdio = steps.op;
  if (strlen(stdio.s[1]) < sizeof m.oom_file) strcpy(m.oom_file, stdio.s[1]);
  take_stdio(&steps, &stdio);
  step_into(stdio.s[0]);
  if (ops_run(&steps) != 1 || steps.op.code != OP_CLONE) give_up(steps.step, errno, steps.about);

  const struct op *op = &steps.op;
  struct list writes = op->S[0], procs = op->S[1];
  int user = (op->u[0] & CLONE_NEWUSER) != 0, waits = user || writes.count || procs.count;
  struct clone_args args = { .flags = op->u[0] | CLONE_PIDFD, .pidfd = (unsigned long)&m.pidfd, .exit_signal = SIGCHLD };
  if (op->f[0] >= 0) { args.flags |= CLONE_INTO_CGROUP; args.cgroup = steps.slot[op->f[0]]; }
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) give_up(steps.step, errno, NULL);
  m.pid = syscall(SYS_clone3, &args, sizeof args);
  if (m.pid < 0) give_up(steps.step, errno, NULL);
  if (!m.pid) { steps.sync = pair[1]; close(pair[0]); process(&steps, &stdio, waits, user); }
  m.sync = pair[0];
  close(pair[1]);
  tell_all((struct event){ .event = EVENT_CREATED, .pid = m.pid }, NULL);
  if (waits && (write_for_process(writes, procs) < 0 || send(m.sync, "", 1, MSG_NOSIGNAL) < 0)) give_up(steps.step, errno, NULL);
  for (int i = 0; i < OPS_MAX_SLOTS; i++) if (steps.slot[i] >= 0) close(steps.slot[i]);
  munmap((void *)ops, st.st_size);
  watch();
}
