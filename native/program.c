// program.c - the last steps: becoming the user, finding the program, and the reaping init.
#define _GNU_SOURCE
#include "launcher.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define FILE_MAX (4u << 20)
#define GROUPS_MAX 1024

// --- passwd(5) and group(5) ---------------------------------------------------------------------------------------------------------------------
// The file's text ('' when missing), NUL-ended, for munmap. Not a device or a fifo: the image chooses what lies there.
static char *read_text(const char *path) {
  char *text = mmap(NULL, FILE_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct stat st; size_t length = 0;
  if (text == MAP_FAILED) return NULL;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
    for (ssize_t n; length < FILE_MAX - 1 && (n = read(fd, text + length, FILE_MAX - 1 - length)) > 0;) length += n;
  if (fd >= 0) close(fd);
  return text;
}

// Cuts the next line at *at into up to `most` fields at its colons; 0 at the end. Restores nothing: give it a fresh copy.
static int next_entry(char **at, char **fields, int most) {
  while (*at && **at) {
    char *line = *at, *end = strchr(line, '\n');
    *at = end ? end + 1 : line + strlen(line);
    if (end) *end = 0;
    int n = 0;
    for (char *field = line; n < most; ) {
      fields[n++] = field;
      char *colon = strchr(field, ':');
      if (!colon) break;
      *colon = 0; field = colon + 1;
    }
    if (n >= 3 && *line && *line != '#') { while (n < most) fields[n++] = line + strlen(line); return 1; }
  }
  return 0;
}

// A number from 0 to 2^31-1, whole; Docker's range for ids.
static int to_id(const char *text, unsigned *id) {
  char *end; errno = 0;
  unsigned long value = strtoul(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end || errno || value > 0x7fffffff) return -1;
  *id = value;
  return 0;
}

// `about` for a failure that is told in Docker's words.
static int not_found(struct steps *steps, const char *kind, const char *name) {
  static char text[256];
  snprintf(text, sizeof text, "%s %s", kind, name);
  steps->about = text; errno = ENOENT;
  return -1;
}

// A group by name or number; a number need not be listed.
static int find_group(const char *name, unsigned *gid) {
  char *text = read_text("/etc/group"), *at = text, *f[4];
  unsigned id, number; int numeric = to_id(name, &number) == 0, found = 0;
  while (!found && next_entry(&at, f, 4)) if (to_id(f[2], &id) == 0 && (!strcmp(f[0], name) || (numeric && id == number))) { *gid = id; found = 1; }
  if (text) munmap(text, FILE_MAX);
  if (!found && numeric) { *gid = number; found = 1; }
  return found ? 0 : -1;
}

// Docker's rules (moby/sys/user GetExecUser): name or uid; a number that is not listed has gid 0; without a group, those that list the name.
static int resolve(struct steps *steps, const char *user, unsigned *uid, unsigned *gid, gid_t *groups, int *count) {
  char name[256], login[256] = "", *f[7]; unsigned id, number;
  const char *colon = strchr(user, ':'), *group = colon && colon[1] ? colon + 1 : NULL;
  size_t length = colon ? (size_t)(colon - user) : strlen(user);
  if (length >= sizeof name) return not_found(steps, "user", user);
  memcpy(name, user, length); name[length] = 0;
  if (!length) strcpy(name, "0");
  int numeric = to_id(name, &number) == 0, found = 0;
  char *text = read_text("/etc/passwd"), *at = text;
  while (!found && next_entry(&at, f, 7)) {
    if (to_id(f[2], &id) < 0 || (strcmp(f[0], name) && !(numeric && id == number))) continue;
    *uid = id; found = 1;
    if (to_id(f[3], gid) < 0) *gid = 0;
    snprintf(login, sizeof login, "%s", f[0]);
    snprintf(steps->home, sizeof steps->home, "%s", f[5]);
  }
  if (text) munmap(text, FILE_MAX);
  if (!found) {
    if (!numeric) return not_found(steps, "user", name);
    *uid = number; *gid = 0;
  }
  if (group) return find_group(group, gid) < 0 ? not_found(steps, "group", group) : 0;
  if (!login[0]) return 0;
  for (at = text = read_text("/etc/group"); next_entry(&at, f, 4);)
    for (char *member = strtok(f[3], ","); member; member = strtok(NULL, ","))
      if (!strcmp(member, login) && to_id(f[2], &id) == 0 && *count < GROUPS_MAX) groups[(*count)++] = id;
  if (text) munmap(text, FILE_MAX);
  return 0;
}

// HOME of a uid that was given as a number, in OCI specs.
static void find_home(struct steps *steps, unsigned uid) {
  char *text = read_text("/etc/passwd"), *at = text, *f[7]; unsigned id;
  while (next_entry(&at, f, 7)) if (to_id(f[2], &id) == 0 && id == uid) { snprintf(steps->home, sizeof steps->home, "%s", f[5]); break; }
  if (text) munmap(text, FILE_MAX);
}

int become_user(struct steps *steps, const char *user, unsigned uid, unsigned gid, struct list more) {
  gid_t groups[GROUPS_MAX]; int count = 0; unsigned id; struct stat st;
  if (*user) { if (resolve(steps, user, &uid, &gid, groups, &count) < 0) return -1; }
  else find_home(steps, uid);
  for (const char *name; (name = list_next(&more)) && count < GROUPS_MAX; groups[count++] = id) if (find_group(name, &id) < 0) return not_found(steps, "group", name);
  // Programs reopen /dev/stdout: it has to be theirs. What is shared with others (/dev/null, the launcher's own) stays as it is.
  for (int i = 0; i < 3; i++)
    if (fstat(i, &st) == 0 && st.st_uid != uid && (S_ISFIFO(st.st_mode) || steps->terminal)) { if (fchown(i, uid, steps->terminal ? (gid_t)-1 : gid) < 0) errno = 0; }
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return -1;
  if (setgroups(count, groups) < 0 && !(count == 0 && errno == EPERM)) return -1;  // EPERM: a user namespace with setgroups denied
  if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) return -1;
  prctl(PR_SET_DUMPABLE, 0);
  if (steps->chdir_later) { steps->about = steps->chdir_later; return chdir(steps->chdir_later); }
  return 0;
}

// --- the program --------------------------------------------------------------------------------------------------------------------------------
static int try_execute(struct steps *steps, const char *path, char **args, char **env) {
  struct stat st;
  execve(path, args, env);
  int error = errno;
  if (error == EACCES && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) error = EISDIR;
  // A file that is there but misses its interpreter ends the search; its path tells it from one that is not found.
  if (error == ENOENT && access(path, F_OK) == 0) { static char found[256]; snprintf(found, sizeof found, "%s", path); steps->about = found; errno = error; return 1; }
  errno = error;
  return error == ENOENT || error == ENOTDIR || error == EACCES || error == EISDIR ? 0 : 1;
}

static int search(struct steps *steps, char **args, char **env) {
  char candidate[4096]; const char *path = DEFAULT_PATH;
  steps->about = args[0];
  if (strchr(args[0], '/')) { try_execute(steps, args[0], args, env); return -1; }
  for (char **variable = env; *variable; variable++) if (!strncmp(*variable, "PATH=", 5)) path = *variable + 5;
  while (args[0][0]) {
    size_t length = strcspn(path, ":");
    int n = length ? snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, path, args[0]) : -1;  // an empty entry is the cwd: refused, as Go does
    if (n > 0 && n < (int)sizeof candidate && try_execute(steps, candidate, args, env)) return -1;
    if (!path[length]) break;
    path += length + 1;
  }
  errno = ENOENT;
  return -1;
}

// 0 for a file that may be executed, else -1 with EXEC's errno for it. Root's eyes: the user may still be refused.
static int is_program(const char *path) {
  struct stat st;
  if (stat(path, &st) < 0) return -1;
  if (S_ISDIR(st.st_mode)) { errno = EISDIR; return -1; }
  if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111)) { errno = EACCES; return -1; }
  return 0;
}

int look_up(struct steps *steps, struct list args, struct list env) {
  char candidate[4096]; const char *name = list_next(&args), *path = DEFAULT_PATH;
  if (!name) { errno = EINVAL; return -1; }
  steps->about = name;
  if (name[0] == '/') return is_program(name);
  if (strchr(name, '/')) return 0;                                   // counts from a directory that it is not in yet
  for (const char *variable; (variable = list_next(&env));) if (!strncmp(variable, "PATH=", 5)) path = variable + 5;
  while (name[0]) {
    size_t length = strcspn(path, ":");
    if (length && path[0] != '/') return 0;
    int n = length ? snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, path, name) : -1;
    if (n > 0 && n < (int)sizeof candidate && is_program(candidate) == 0) return 0;
    if (!path[length]) break;
    path += length + 1;
  }
  errno = ENOENT;
  return -1;
}

// The container's pid 1 under --init: passes signals on, reaps, ends as its child ends. It is the launcher, but sealed, not dumpable, with the
// container's own user, capabilities and filter, and no descriptor but stdio.
static _Noreturn void init(pid_t child, char **args) {
  sigset_t all; int status, number;                                 // all blocked by now, see execute()
  char title[512] = "/sbin/docker-init --"; size_t length = strlen(title);
  for (; *args && length < sizeof title; args++) length += snprintf(title + length, sizeof title - length, " %s", *args);
  set_title(title);
  close_range(3, ~0u, 0);
  prctl(PR_SET_NAME, "docker-init");
  sigfillset(&all);
  for (;;) {
    if (sigwait(&all, &number)) continue;
    if (number != SIGCHLD) { kill(child, number); continue; }
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
      if (pid == child) _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  }
}

int execute(struct steps *steps, struct list args, struct list env, int with_init) {
  char **argv = calloc(args.count + 1, sizeof *argv), **envp = calloc(env.count + 2, sizeof *envp), home[300];
  unsigned n = 0; int has_home = 0; struct stat st;
  if (!argv || !envp) return -1;
  if (!args.count) { errno = EINVAL; return -1; }
  for (unsigned i = 0; args.count; i++) argv[i] = (char *)list_next(&args);
  while (env.count) { envp[n] = (char *)list_next(&env); has_home |= !strncmp(envp[n++], "HOME=", 5); }
  snprintf(home, sizeof home, "HOME=%s", steps->home[0] ? steps->home : "/");
  if (!has_home) envp[n] = home;
  // The host's /dev/null goes for the container's own, where that is the real one.
  if (fstat(0, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (null >= 0 && fstat(null, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) dup2(null, 0);
  }
  umask(steps->mask);
  if (!steps->executing) report(steps, SYNC_EXECUTING, 0);
  close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
  if (with_init) {
    // Blocked before the fork: the SIGCHLD of a child that ends at once has to wait for init, and not be lost.
    sigset_t all, none; sigfillset(&all); sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &all, NULL);
    pid_t child = fork();
    if (child < 0) return -1;
    if (child) init(child, argv);
    sigprocmask(SIG_SETMASK, &none, NULL);
    // In a foreground process group of its own, as tini does, so that the terminal's signals do not come twice.
    if (setpgid(0, 0) == 0 && steps->terminal) { signal(SIGTTOU, SIG_IGN); if (tcsetpgrp(0, getpid()) < 0) errno = 0; signal(SIGTTOU, SIG_DFL); }
  }
  return search(steps, argv, envp);
}
