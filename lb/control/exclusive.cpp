// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/exclusive.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace lbd::control {

Exclusive::Exclusive(const std::string& socket) : path_(socket + ".lock") {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
    file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file_ < 0) throw std::system_error(errno, std::system_category(), path_);
    if (flock(file_, LOCK_EX | LOCK_NB) == 0) return;
    close(file_);
    throw std::runtime_error("another lbd is running: it holds " + path_);
}

Exclusive::~Exclusive() {
    unlink(path_.c_str());
    close(file_);
}

} // namespace lbd::control
