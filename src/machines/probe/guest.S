# The probe's guest: the last 512 bytes of a 64 KiB firmware. It goes from the reset vector to long mode and executes
# there, in ring 0, what every kernel of today executes and what an instruction emulator may not know.
#
# Before each step its letter goes to the debug console, so the last letter names the step that did not end.
# `probeSteps` in guest.ts says what each letter stands for; a step that the CPU does not offer is left out.
# The firmware is linked for its copy in RAM (a kernel runs in RAM), and only jumps within itself before that.

.set image,         0x10000       # the copy: linear address, and segment 0x1000
.set image_size,    512
.set rom_offset,    0x10000 - image_size   # the same bytes in the ROM's segment, 0xf000
.set top_table,     0x1000        # page tables: one 2 MiB page, identity
.set middle_table,  0x2000
.set page_table,    0x3000
.set save_area,     0x4000        # for xsave: 64-byte aligned, RAM is zero after power on
.set pair,          0x5000        # for cmpxchg16b: 16-byte aligned

.set debug_port,    0xe9
.set exit_port,     0xf4          # QEMU's exit status is twice the byte plus 1
.set works,         16            # 33
.set wrong_result,  17            # 35

.set cpuid_cx16,    13            # bits of CPUID 1, ecx
.set cpuid_xsave,   26
.set cpuid_avx,     28

.macro step letter
        movb    $\letter, %al
        outb    %al, $debug_port
.endm

        .text
        .code16
        .globl  _start
_start:
        step    'R'
        cli
        cld
        movw    $0xf000, %ax
        movw    %ax, %ds
        movw    $image >> 4, %ax
        movw    %ax, %es
        movw    $rom_offset, %si
        xorw    %di, %di
        movw    $image_size / 4, %cx
        rep movsl
        movw    %ax, %ds
        lgdtl   descriptors_pointer - _start
        step    'P'
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmpl   $0x08, $protected

        .code32
protected:
        movw    $0x10, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movl    $middle_table + 3, top_table
        movl    $page_table + 3, middle_table
        movl    $0x83, page_table
        step    'L'
        movl    $0x620, %eax            # PAE, OSFXSR, OSXMMEXCPT
        movl    %eax, %cr4
        movl    $top_table, %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx       # EFER.LME
        rdmsr
        orl     $0x100, %eax
        wrmsr
        movl    $0x80010033, %eax       # PG, WP, NE, ET, MP, PE
        movl    %eax, %cr0
        ljmpl   $0x18, $long

        .code64
long:
        movl    $1, %eax
        cpuid
        movl    %ecx, %esi

        btl     $cpuid_cx16, %esi
        jnc     extended_state
        step    'C'
        movl    $pair, %edi
        xorl    %eax, %eax              # expected: rdx:rax, both zero
        xorl    %edx, %edx
        movl    $1, %ebx                # stored: rcx:rbx
        movl    $2, %ecx
        lock cmpxchg16b (%rdi)
        jnz     wrong
        cmpq    $2, 8(%rdi)
        jne     wrong

extended_state:
        btl     $cpuid_xsave, %esi
        jnc     done
        movq    %cr4, %rax
        orl     $0x40000, %eax          # OSXSAVE
        movq    %rax, %cr4
        step    'O'
        movl    $3, %eax                # x87 and SSE
        btl     $cpuid_avx, %esi
        jnc     1f
        orl     $4, %eax                # AVX
1:      movl    %eax, %ebx
        xorl    %ecx, %ecx
        xorl    %edx, %edx
        xsetbv
        step    'S'
        movl    $save_area, %edi
        movq    %rdi, %xmm0
        movl    %ebx, %eax
        xsave   (%rdi)
        step    'X'
        pxor    %xmm0, %xmm0
        movl    %ebx, %eax
        xrstor  (%rdi)
        movq    %xmm0, %rax
        cmpq    %rax, %rdi
        jne     wrong

        btl     $cpuid_avx, %esi
        jnc     done
        step    'V'
        vpxor   %xmm0, %xmm0, %xmm0
        vzeroupper
        movq    %xmm0, %rax
        testq   %rax, %rax
        jnz     wrong

done:
        step    'D'
        movb    $works, %al
        jmp     leave
wrong:
        movb    $wrong_result, %al
leave:
        outb    %al, $exit_port         # QEMU ends a little later: a second byte would win
stop:
        hlt
        jmp     stop

        .balign 8
descriptors:
        .quad   0
        .quad   0x00cf9a000000ffff      # 0x08: code, 32 bits
        .quad   0x00cf92000000ffff      # 0x10: data
        .quad   0x00af9a000000ffff      # 0x18: code, 64 bits
descriptors_pointer:
        .word   descriptors_pointer - descriptors - 1
        .long   descriptors

        .code16
        .org    image_size - 16         # the CPU starts here
        jmp     _start
        .org    image_size
