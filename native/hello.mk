# build/hello: the program of the embedded hello-world image. Run by the top Makefile: make -C native -f hello.mk
OUT := ../build

.PHONY: hello
hello: $(OUT)/hello

$(OUT)/hello: hello.c hello.mk
	@mkdir -p $(OUT)
	$(CC) -std=gnu11 -Os -Wall -Wextra -Werror -static -nostdlib -nostartfiles -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables \
	  -s -Wl,-z,noseparate-code -Wl,--build-id=none -o $@ hello.c
