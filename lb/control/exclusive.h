// SPDX-License-Identifier: BSD-3-Clause
// Keeps a second daemon with the same control socket from starting, before it touches a device or
// the host: what it would undo on its way out is the first one's.
#pragma once

#include <string>

namespace lbd::control {

class Exclusive {
  public:
    // Locks the file `<socket>.lock`, made for the purpose. Throws std::runtime_error if another
    // process holds it. The kernel gives it free when this process ends, however it does.
    explicit Exclusive(const std::string& socket);
    Exclusive(const Exclusive&) = delete;
    Exclusive& operator=(const Exclusive&) = delete;
    ~Exclusive();

  private:
    std::string path_;
    int file_;
};

} // namespace lbd::control
