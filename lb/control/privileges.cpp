// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/privileges.h"

#include <linux/capability.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace lbd::control {

namespace {

struct FreeCapabilities {
    void operator()(cap_t capabilities) const { cap_free(capabilities); }
};
using Capabilities = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCapabilities>;
using List = std::vector<cap_value_t>;

[[noreturn]] void fail_with_errno(const char* what) {
    throw std::system_error(errno, std::system_category(), what);
}

Capabilities own_capabilities() {
    Capabilities capabilities(cap_get_proc());
    if (!capabilities) fail_with_errno("capabilities");
    return capabilities;
}

bool has(cap_t capabilities, cap_value_t capability, cap_flag_t set) {
    cap_flag_value_t value = CAP_CLEAR;
    return cap_get_flag(capabilities, capability, set, &value) == 0 && value == CAP_SET;
}

void set_flags(cap_t capabilities, cap_flag_t set, const List& list) {
    if (cap_set_flag(capabilities, set, static_cast<int>(list.size()), list.data(), CAP_SET) != 0)
        fail_with_errno("capabilities");
}

bool contains(const List& list, cap_value_t capability) {
    return std::find(list.begin(), list.end(), capability) != list.end();
}

// Scripts of other users are ended by KILL, started by SETUID and SETGID.
const List used{CAP_KILL, CAP_NET_ADMIN, CAP_NET_RAW};
const List for_programs{CAP_SETGID, CAP_SETUID};

List numbers_of(const std::vector<std::string>& names) {
    List list;
    for (const std::string& name : names) {
        cap_value_t capability = 0;
        if (cap_from_name(("cap_" + name).c_str(), &capability) != 0)
            throw std::runtime_error("control.script_capabilities: this kernel's are without " +
                                     name);
        list.push_back(capability);
    }
    return list;
}

// What a program that root runs may have at most.
void bound_programs(const List& kept, std::vector<std::string>& failures) {
    for (cap_value_t capability = 0; capability < cap_max_bits(); ++capability) {
        if (contains(kept, capability) || cap_get_bound(capability) != 1) continue;
        if (cap_drop_bound(capability) == 0) continue;
        failures.push_back(std::string("scripts keep more capabilities than they need: ") +
                           std::strerror(errno));
        return;
    }
}

// Async-signal-safe, as libcap's functions are not. A thread that has nothing could still be made
// to execute a program, which root's uid would give everything: that is ruled out, too.
void renounce(int) {
    const int before = errno;
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct nothing[_LINUX_CAPABILITY_U32S_3]{};
    syscall(SYS_capset, &header, nothing);
    errno = before;
}

std::string line_of(const std::filesystem::path& file, const std::string& start) {
    std::ifstream stream(file);
    std::string line;
    while (std::getline(stream, line))
        if (line.starts_with(start)) return line.substr(start.size());
    return {};
}

// Other threads that still have a capability, by their ids.
std::set<pid_t> privileged_threads() {
    std::set<pid_t> threads;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", error)) {
        const pid_t thread = std::stoi(entry.path().filename());
        const std::string permitted = line_of(entry.path() / "status", "CapPrm:");
        if (thread != gettid() && permitted.find_first_not_of("\t0") != std::string::npos)
            threads.insert(thread);
    }
    return threads;
}

// Capabilities are a thread's own affair, and most of these threads are DPDK's: a signal has each
// give up its own.
void renounce_in_other_threads(std::vector<std::string>& failures) {
    using Clock = std::chrono::steady_clock;
    const int signal = SIGRTMAX;
    struct sigaction action {};
    action.sa_handler = renounce;
    action.sa_flags = SA_RESTART;
    sigaction(signal, &action, nullptr);
    const auto deadline = Clock::now() + std::chrono::seconds(5);
    std::set<pid_t> asked;
    for (auto left = privileged_threads(); !left.empty(); left = privileged_threads()) {
        for (const pid_t thread : left)
            if (asked.insert(thread).second) syscall(SYS_tgkill, getpid(), thread, signal);
        if (Clock::now() > deadline) {
            failures.push_back(
                "the thread " +
                line_of("/proc/self/task/" + std::to_string(*left.begin()) + "/comm", "") +
                " does not give up its privileges");
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    action.sa_handler = SIG_IGN;
    sigaction(signal, &action, nullptr);
}

// As far as this thread has them.
void keep_only(const List& kept, cap_t before) {
    const Capabilities after(cap_init());
    if (!after) fail_with_errno("capabilities");
    for (const cap_value_t capability : kept) {
        if (!has(before, capability, CAP_PERMITTED)) continue;
        set_flags(after.get(), CAP_PERMITTED, {capability});
        if (contains(used, capability)) set_flags(after.get(), CAP_EFFECTIVE, {capability});
    }
    if (cap_set_proc(after.get()) != 0) fail_with_errno("give up capabilities");
}

} // namespace

void hide_memory() {
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void allow_core_dumps() {
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

std::vector<std::string> drop_privileges(const NeededLater& needed) {
    std::vector<std::string> failures;
    List kept = numbers_of(needed.by_scripts);
    kept.insert(kept.end(), used.begin(), used.end());
    kept.insert(kept.end(), for_programs.begin(), for_programs.end());
    bound_programs(kept, failures);
    cap_reset_ambient();
    if (needed.af_xdp) kept.push_back(CAP_SYS_ADMIN);
    renounce_in_other_threads(failures);
    keep_only(kept, own_capabilities().get());
    return failures;
}

// libxdp finds the program to detach by its number.
void prepare_to_close_devices() {
    const Capabilities capabilities = own_capabilities();
    if (!has(capabilities.get(), CAP_SYS_ADMIN, CAP_PERMITTED)) return;
    set_flags(capabilities.get(), CAP_EFFECTIVE, {CAP_SYS_ADMIN});
    cap_set_proc(capabilities.get());
}

} // namespace lbd::control
