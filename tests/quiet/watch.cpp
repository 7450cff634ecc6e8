// SPDX-License-Identifier: BSD-3-Clause
#include "tests/quiet/watch.h"

#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <system_error>

namespace lbd::quiet {

namespace {

std::atomic<std::uint64_t> allocations{0};
std::atomic<std::uint64_t> system_calls{0};
std::atomic<int> last_system_call{-1};
thread_local bool watched = false;

void on_system_call(int, siginfo_t* info, void*) {
    last_system_call = info->si_syscall;
    ++system_calls;
}

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::system_category(), what);
}

} // namespace

void note_allocation() {
    if (watched) ++allocations;
}

void watch_allocations(bool watch) {
    watched = watch;
}

void trap_system_calls() {
    struct sigaction action {};
    action.sa_sigaction = on_system_call;
    action.sa_flags = SA_SIGINFO;
    if (sigaction(SIGSYS, &action, nullptr) != 0) fail("sigaction");
    std::array<sock_filter, 4> filter{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
    }};
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no new privileges");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) fail("seccomp");
}

Counts counts() {
    return {allocations, system_calls, last_system_call};
}

} // namespace lbd::quiet

// Instead of the libraries' own, for the whole process.
extern "C" {

void* __libc_malloc(std::size_t size);
void __libc_free(void* memory);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept {
    lbd::quiet::note_allocation();
    return __libc_malloc(size);
}
void free(void* memory) noexcept {
    lbd::quiet::note_allocation();
    __libc_free(memory);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
    lbd::quiet::note_allocation();
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
    lbd::quiet::note_allocation();
    return __libc_realloc(memory, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
    lbd::quiet::note_allocation();
    return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
    *memory = memalign(alignment, size);
    return *memory == nullptr ? ENOMEM : 0;
}

// DPDK's other allocating functions call the first of these; rte_malloc does so out of our reach.
void* rte_malloc_socket(const char* type, std::size_t size, unsigned alignment, int socket) {
    using Function = void* (*)(const char*, std::size_t, unsigned, int);
    static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "rte_malloc_socket"));
    lbd::quiet::note_allocation();
    return real(type, size, alignment, socket);
}
void* rte_malloc(const char* type, std::size_t size, unsigned alignment) {
    return rte_malloc_socket(type, size, alignment, -1);
}
void rte_free(void* memory) {
    using Function = void (*)(void*);
    static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "rte_free"));
    lbd::quiet::note_allocation();
    real(memory);
}
}
