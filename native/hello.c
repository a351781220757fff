/* The program of the embedded hello-world image: prints a text and ends. No C library, so it is a page or two on disk. */
static const char text[] =
    "\n"
    "Hello from berth!\n"
    "This text comes from a program inside a container, so your engine works.\n"
    "\n"
    "What just happened:\n"
    " 1. The client asked the engine, over its unix socket, for a container of the image \"hello-world\".\n"
    " 2. The image was there already: it is part of the berth executable, no registry was asked.\n"
    " 3. The engine put a writable layer over the image's only layer, which holds only this program.\n"
    " 4. The launcher forked, took new namespaces (processes, mounts, host name, IPC, network), made the\n"
    "    layers the root with pivot_root, dropped capabilities, loaded the seccomp filter and ran /hello.\n"
    " 5. What the program wrote went through a pipe to the engine, and from there to your terminal.\n"
    "\n"
    "Something bigger: make a real Debian from your package mirror and look around in it:\n"
    " $ berth image bootstrap debian\n"
    " $ berth run -it --rm debian bash\n"
    "\n"
    "What isolates a container, and why: berth explain CONTAINER\n"
    "\n";

static long syscall3(long number, long a, long b, long c) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#else
#error "hello.c knows x86_64 and aarch64"
#endif
}

#if defined(__x86_64__)
enum { sys_write = 1, sys_exit_group = 231 };
#else
enum { sys_write = 64, sys_exit_group = 94 };
#endif

__attribute__((noreturn)) void _start(void) {
  const char *at = text;
  long left = sizeof text - 1;
  long code = 0;
  while (left > 0) {
    long written = syscall3(sys_write, 1, (long)at, left);
    if (written == -4) continue; /* EINTR */
    if (written <= 0) {
      code = 1;
      break;
    }
    at += written;
    left -= written;
  }
  for (;;) syscall3(sys_exit_group, code, 0, 0);
}
