# A boot sector: says that it is ready on the first serial port and on the screen, and sleeps.
    .code16
    .globl _start
_start:
    ljmp $0, $begin             # some firmware comes by 07c0:0000
begin:
    xor %ax, %ax
    mov %ax, %ds
    mov $message, %si
    cld
next:
    lodsb
    test %al, %al
    jz done
    mov $0x0e, %ah              # the BIOS' teletype
    mov $0x07, %bx
    push %ax
    int $0x10
    mov $0x3fd, %dx
full:
    in %dx, %al
    test $0x20, %al
    jz full
    pop %ax
    mov $0x3f8, %dx
    out %al, %dx
    jmp next
done:
    sti
    hlt                         # no processor is spent on waiting
    jmp done
message:
    .asciz "ABCD-READY\r\n"
