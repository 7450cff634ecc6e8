// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/top/key_wait.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace lbd::lbctl::top {

namespace asio = boost::asio;

namespace {

// Asio makes what it waits for non-blocking. A terminal's input is its output, too, and the
// shell's: ncurses would lose what a slow line does not take at once. An epoll instance stands
// between.
int watch_on(int terminal) {
    const int watch = ::epoll_create1(EPOLL_CLOEXEC);
    if (watch < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(watch, EPOLL_CTL_ADD, terminal, &event) == 0) return watch;
    const std::system_error error(errno, std::generic_category(), "epoll_ctl");
    ::close(watch);
    throw error;
}

} // namespace

KeyWait::KeyWait(asio::io_context& io, int terminal)
    : terminal_(terminal), watch_(io, watch_on(terminal)) {}

bool KeyWait::gone() const {
    pollfd now{terminal_, POLLIN, 0};
    return ::poll(&now, 1, 0) < 0 || (now.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

} // namespace lbd::lbctl::top
