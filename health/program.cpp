// SPDX-License-Identifier: BSD-3-Clause
#include "health/program.h"

#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "health/trust.h"

extern char** environ;

namespace lbd::health {

namespace asio = boost::asio;

namespace {

// How a program is started: without our signals' masks and handlers, in a group of its own, which
// a timeout ends as a whole, and with nothing to read or write.
class Start {
  public:
    Start() {
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
    Start(const Start&) = delete;
    Start& operator=(const Start&) = delete;
    ~Start() {
        posix_spawnattr_destroy(&attributes_);
        posix_spawn_file_actions_destroy(&files_);
    }

    int spawn(pid_t& process, std::vector<std::string> words,
              std::vector<std::string> environment) const {
        const auto arguments = pointers_to(words);
        return posix_spawn(&process, arguments.front(), &files_, &attributes_, arguments.data(),
                           pointers_to(environment).data());
    }

  private:
    static std::vector<char*> pointers_to(std::vector<std::string>& words) {
        std::vector<char*> pointers;
        pointers.reserve(words.size() + 1);
        for (std::string& word : words) pointers.push_back(word.data());
        pointers.push_back(nullptr);
        return pointers;
    }

    posix_spawnattr_t attributes_;
    posix_spawn_file_actions_t files_;
};

std::string text_of_status(const siginfo_t& info) {
    if (info.si_code != CLD_EXITED) return "was ended by signal " + std::to_string(info.si_status);
    return info.si_status == 0 ? "" : "exited with " + std::to_string(info.si_status);
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& more) {
    std::vector<std::string> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
    for (const auto& [name, value] : more)
        environment.push_back(std::string(name).append(1, '=').append(value));
    return environment;
}

// Whoever starts a program by posix_spawn cannot change its user; setpriv, which is in every
// Debian, can.
std::vector<std::string> as_user(const std::string& user, const std::vector<std::string>& words) {
    const passwd* entry = getpwnam(user.c_str());
    if (entry == nullptr) return {};
    std::vector<std::string> all{"/usr/bin/setpriv", "--reuid=" + std::to_string(entry->pw_uid),
                                 "--regid=" + std::to_string(entry->pw_gid), "--init-groups", "--"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
}

} // namespace

Program::~Program() {
    if (process_ == 0) return;
    kill_process();
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED);
}

void Program::run(const std::vector<std::string>& words, const Manner& manner, Done done) {
    done_ = std::move(done);
    const std::string doubt = distrust(words.front());
    if (!doubt.empty()) return fail_later("is not run: " + doubt);
    if (manner.user.empty()) return start(words, manner);
    const std::vector<std::string> changed = as_user(manner.user, words);
    if (changed.empty()) return fail_later("cannot be run: there is no user " + manner.user);
    start(changed, manner);
}

void Program::start(const std::vector<std::string>& words, const Manner& manner) {
    pid_t process = 0;
    if (const int error = Start().spawn(process, words, environment_with(manner.environment)))
        return fail_later(std::string("cannot be run: ") + std::strerror(error));
    process_ = process;
    too_long_ = false;
    const auto descriptor = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
    if (descriptor < 0) { // there are too many open files
        kill_process();
        siginfo_t info{};
        waitid(P_PID, static_cast<id_t>(std::exchange(process_, 0)), &info, WEXITED);
        return fail_later("cannot be waited for");
    }
    end_.assign(descriptor);
    await_end();
    await_timeout(manner.timeout);
}

void Program::fail_later(std::string failure) {
    timeout_.expires_after(std::chrono::seconds(0));
    timeout_.async_wait(
        [this, failure = std::move(failure)](const boost::system::error_code& aborted) {
            if (!aborted) std::exchange(done_, nullptr)(failure);
        });
}

void Program::await_end() {
    end_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& aborted) {
                        if (!aborted) ended();
                    });
}

void Program::await_timeout(Milliseconds timeout) {
    timeout_.expires_after(timeout);
    timeout_.async_wait([this](const boost::system::error_code& aborted) {
        if (aborted || process_ == 0) return;
        too_long_ = true;
        kill_process();
    });
}

void Program::kill_process() {
    kill(-process_, SIGKILL);
    kill(process_, SIGKILL); // its group may not be there yet
}

void Program::ended() {
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED);
    process_ = 0;
    timeout_.cancel();
    boost::system::error_code ignored;
    end_.close(ignored);
    std::exchange(done_, nullptr)(too_long_ ? "took too long" : text_of_status(info));
}

void ProgramAttempt::start(Done done) {
    const auto started = std::chrono::steady_clock::now();
    Program::Manner manner{probe_.timeout, probe_.user, {}};
    manner.environment["LBD_ADDRESS"] = probe_.address.to_string();
    manner.environment["LBD_PORT"] = std::to_string(probe_.port);
    program_.run(probe_.script, manner, [started, done = std::move(done)](const auto& failure) {
        const auto passed = std::chrono::steady_clock::now() - started;
        done({failure.empty() ? Result::Kind::success : Result::Kind::failure,
              failure.empty() ? "exited with 0" : failure,
              std::chrono::duration_cast<Milliseconds>(passed)});
    });
}

} // namespace lbd::health
