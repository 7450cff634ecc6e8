// SPDX-License-Identifier: BSD-3-Clause
// A directory of a test's own, removed with all that is in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace lbd {

class Scratch {
  public:
    Scratch() {
        if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no directory in /tmp");
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { std::filesystem::remove_all(path_); }

    const std::string& path() const { return path_; }
    std::string path(const std::string& name) const { return path_ + '/' + name; }

  private:
    std::string path_ = "/tmp/lbd-test-XXXXXX";
};

} // namespace lbd
