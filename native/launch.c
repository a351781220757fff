// launch.c - the launcher's ways in: `launcher zygote FD` for the engine, `launcher run FILE` for the command line, `launcher check FILE` for tests.
//
//   engine ──request──▶ zygote's spare ══ becomes the monitor ──clone3──▶ container's process ──execve──▶ program
//                          ▲ forked ahead, so that no start waits for a fork
//
// The launcher runs from a sealed memfd, so that no container can overwrite it through /proc/PID/exe (CVE-2019-5736), and is not dumpable, so that
// no container can look into a process that has joined it but has not executed its program yet.
#define _GNU_SOURCE
#include "launcher.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define TITLE_ROOM 512
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static void say(const char *text) { if (write(2, text, strlen(text)) < 0) return; }

// The memory of the arguments, made long by `seal` so that another title fits. The kernel shows the text up to its NUL when the last byte is none
// (the convention of setproctitle, Linux fs/proc/base.c get_mm_proctitle).
static struct { char *at; size_t size; } title;

void set_title(const char *text) {
  if (!title.size) return;
  memset(title.at, 0, title.size);
  strncpy(title.at, text, title.size - 2);
  title.at[title.size - 1] = '.';
}

static void find_title(int argc, char **argv) {
  char *end = argv[0] + strlen(argv[0]) + 1;
  for (int i = 1; i < argc; i++) if (argv[i] == end) end += strlen(end) + 1;
  title.at = argv[0]; title.size = end - argv[0];
}

// Executes a sealed copy of this binary, unless it is one. The last argument is there for its room.
static void seal(char **argv) {
  static char room[TITLE_ROOM];
  memset(room, ' ', sizeof room - 1);
  char *args[] = { "berth-launcher", argv[1], argv[2], room, NULL };
  int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  int seals = self < 0 ? -1 : fcntl(self, F_GET_SEALS);
  if (seals >= 0 && (seals & SEALS) == SEALS) { close(self); return; }
  struct stat st;
  int copy = memfd_create("launcher", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (self >= 0 && copy >= 0 && fstat(self, &st) == 0) {
    off_t at = 0;
    while (at < st.st_size && sendfile(copy, self, &at, st.st_size - at) > 0);
    if (at == st.st_size && fcntl(copy, F_ADD_SEALS, SEALS) == 0) fexecve(copy, args, environ);
  }
  say("launcher: cannot make a sealed copy of itself\n");
  _exit(125);
}

// The spare: receives one request and serves it as that container's monitor. Tells the zygote through `told` whether to fork another.
static void serve(int control, int told) {
  int fds[OPS_MAX_SLOTS + 2], count;
  struct launch_request request;
  setsid();
  int got = receive_descriptors(control, &request, sizeof request, fds, OPS_MAX_SLOTS + 2, &count);
  if (write(told, got <= 0 ? "e" : "n", 1) != 1 || got <= 0) _exit(0);
  close(told); close(control);
  if (got == sizeof request && request.magic == OPS_MAGIC && request.version == OPS_VERSION && count >= 2) monitor(fds[0], fds[1], fds + 2, count - 2);
  struct event refused = { .event = EVENT_FAILED, .step = -1, .error = EPROTO };
  if (count) send(fds[0], &refused, sizeof refused, MSG_NOSIGNAL);
  _exit(125);
}

// Until the engine is gone. Monitors are reaped by the kernel, and by init when the zygote has ended.
static int zygote(int control) {
  signal(SIGCHLD, SIG_IGN); signal(SIGPIPE, SIG_IGN);
  for (;;) {
    int told[2]; char word = 0;
    if (pipe2(told, O_CLOEXEC) < 0) return 125;
    pid_t pid = fork();
    if (!pid) { close(told[0]); serve(control, told[1]); }
    close(told[1]);
    if (pid < 0) { close(told[0]); usleep(10000); continue; }       // out of processes: the request waits in the socket
    while (read(told[0], &word, 1) < 0 && errno == EINTR);
    close(told[0]);
    if (word == 'e') return 0;
  }
}

// Says for each list of FILE (u32 length, then the list) whether it would be taken: `1` or `0`. Nothing is run. Each list is copied into memory of
// just its size, so that the sanitizers see any step beyond it.
static int check(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC); unsigned length;
  if (fd < 0) return 2;
  while (read(fd, &length, sizeof length) == sizeof length && length <= OPS_MAX_SIZE) {
    static struct steps steps;
    char *ops = malloc(length ? length : 1);
    if (!ops || read(fd, ops, length) != (ssize_t)length) return 2;
    int taken = ops_check(&steps, ops, length) == 0;
    free(ops);
    if (write(1, taken ? "1" : "0", 1) != 1) return 2;
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "check")) return check(argv[2]);
  if ((argc != 3 && argc != 4) || (strcmp(argv[1], "zygote") && strcmp(argv[1], "run"))) { say("usage: launcher zygote FD | run FILE | check FILE\n"); return 125; }
  seal(argv);
  for (int n = 1; n < 65; n++) signal(n, SIG_DFL);
  sigset_t none; sigemptyset(&none); sigprocmask(SIG_SETMASK, &none, NULL);
  prctl(PR_SET_DUMPABLE, 0);
  prctl(PR_SET_NAME, "berth-launcher");
  int running = !strcmp(argv[1], "run"), list = running ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1, control = running ? -1 : atoi(argv[2]);
  find_title(argc, argv);
  set_title(running ? "berth-launcher" : "berth-launcher zygote");
  if (running) {
    if (list < 0) { say("launcher: cannot open the op list\n"); return 125; }
    monitor(-1, list, NULL, 0);
  }
  setsid();
  if (chdir("/") < 0 || fcntl(control, F_SETFD, FD_CLOEXEC) < 0) return 125;
  if (control > 3) close_range(3, control - 1, 0);                  // no descriptor of the engine's goes further than here
  close_range(control + 1, ~0u, 0);
  // What went wrong until here was told on stderr; from here on whoever reads the engine's output must not have to wait for containers.
  int null = open("/dev/null", O_RDWR);
  if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) return 125;
  if (null > 2) close(null);
  return zygote(control);
}
