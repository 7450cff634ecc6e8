// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/script.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

extern char** environ;

namespace lbd::control {

namespace asio = boost::asio;

namespace {

// How a program is started: without our signals' masks and handlers, in a group of its own, which
// a timeout ends as a whole, and with nothing to read or write.
class Manner {
  public:
    Manner() {
        posix_spawnattr_init(&attributes_);
        posix_spawn_file_actions_init(&files_);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
            posix_spawn_file_actions_addopen(&files_, descriptor, "/dev/null", O_RDWR, 0);
    }
    Manner(const Manner&) = delete;
    Manner& operator=(const Manner&) = delete;
    ~Manner() {
        posix_spawnattr_destroy(&attributes_);
        posix_spawn_file_actions_destroy(&files_);
    }

    int spawn(pid_t& program, std::vector<std::string> words) const {
        std::vector<char*> arguments;
        arguments.reserve(words.size() + 1);
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        return posix_spawn(&program, arguments.front(), &files_, &attributes_, arguments.data(),
                           environ);
    }

  private:
    posix_spawnattr_t attributes_;
    posix_spawn_file_actions_t files_;
};

std::string text_of_status(const siginfo_t& info) {
    if (info.si_code != CLD_EXITED) return "was ended by signal " + std::to_string(info.si_status);
    return info.si_status == 0 ? "" : "exited with " + std::to_string(info.si_status);
}

bool others_may_write(const struct stat& file) {
    const bool owned = file.st_uid == 0 || file.st_uid == geteuid();
    const bool sticky = S_ISDIR(file.st_mode) && (file.st_mode & S_ISVTX) != 0;
    return !owned || ((file.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky);
}

} // namespace

std::string distrust(const std::string& path) {
    std::error_code error;
    std::filesystem::path part = std::filesystem::canonical(path, error);
    if (error) return error.message();
    for (;; part = part.parent_path()) {
        struct stat file {};
        if (stat(part.c_str(), &file) != 0) return std::strerror(errno);
        if (others_may_write(file)) return part.string() + " can be written by others than root";
        if (part == part.root_path()) return {};
    }
}

Script::Script(asio::io_context& io, const config::VrrpTrack& track, std::function<void()> changed)
    : track_(track),
      changed_(std::move(changed)),
      next_(io),
      timeout_(io),
      end_(io),
      failure_("has not run yet") {
    // Not from here: whom it tells is not ready for it.
    next_.expires_after(std::chrono::seconds(0));
    next_.async_wait([this](const boost::system::error_code& aborted) {
        if (!aborted) run();
    });
}

Script::~Script() {
    if (program_ == 0) return;
    kill_program();
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(program_), &info, WEXITED);
}

void Script::run() {
    next_.expires_after(track_.interval);
    next_.async_wait([this](const boost::system::error_code& aborted) {
        if (!aborted) run();
    });
    if (program_ == 0) start(); // else it still runs; its timeout may be longer than the interval
}

void Script::start() {
    const std::string doubt = distrust(track_.script.front());
    if (!doubt.empty()) return conclude("is not run: " + doubt);
    pid_t program = 0;
    if (const int error = Manner().spawn(program, track_.script))
        return conclude(std::string("cannot be run: ") + std::strerror(error));
    program_ = program;
    too_long_ = false;
    const auto descriptor = static_cast<int>(syscall(SYS_pidfd_open, program, 0));
    if (descriptor < 0) { // there are too many open files
        kill_program();
        return ended();
    }
    end_.assign(descriptor);
    await_end();
    await_timeout();
}

void Script::await_end() {
    end_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& aborted) {
                        if (!aborted) ended();
                    });
}

void Script::await_timeout() {
    timeout_.expires_after(track_.timeout);
    timeout_.async_wait([this](const boost::system::error_code& aborted) {
        if (aborted || program_ == 0) return;
        too_long_ = true;
        kill_program();
    });
}

void Script::kill_program() {
    kill(-program_, SIGKILL);
    kill(program_, SIGKILL); // its group may not be there yet
}

void Script::ended() {
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(program_), &info, WEXITED);
    program_ = 0;
    timeout_.cancel();
    boost::system::error_code ignored;
    end_.close(ignored);
    conclude(too_long_ ? "took too long" : text_of_status(info));
}

void Script::conclude(const std::string& failure) {
    const bool well = failure.empty();
    successes_ = well ? successes_ + 1 : 0;
    failures_ = well ? 0 : failures_ + 1;
    // The first result counts at once, as nothing is known before.
    const bool counts = !std::exchange(concluded_, true) ||
                        (well ? successes_ >= track_.rise : failures_ >= track_.fall);
    if (counts && std::exchange(failure_, failure) != failure) changed_();
}

} // namespace lbd::control
