// SPDX-License-Identifier: BSD-3-Clause
// Tells syslog, as syslog(3) does (RFC 3164) but without ever waiting for it: what it does not take
// at once is lost, and counted. Control thread only.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace lbd::control::notify {

class Syslog {
  public:
    // `facility`: as in syslog.conf(5), "daemon". `path`: of the daemon's socket.
    Syslog(std::string_view facility, std::string path);
    Syslog(const Syslog&) = delete;
    Syslog& operator=(const Syslog&) = delete;
    ~Syslog();

    // `severity`: LOG_WARNING and so on. `line`: as of plain().
    void tell(int severity, const std::string& line, std::time_t when);

    std::uint64_t told() const { return told_; }
    std::uint64_t lost() const { return lost_; }

  private:
    bool send(const std::string& message);
    bool connect();

    int facility_;
    std::string path_;
    int socket_ = -1;
    std::uint64_t told_ = 0;
    std::uint64_t lost_ = 0;
};

} // namespace lbd::control::notify
