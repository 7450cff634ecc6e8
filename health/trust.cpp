// SPDX-License-Identifier: BSD-3-Clause
#include "health/trust.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>

namespace lbd::health {

namespace {

constexpr unsigned most_links = 40; // Linux: MAXSYMLINKS

bool others_may_write(const struct stat& file) {
    if (file.st_uid != 0 && file.st_uid != geteuid()) return true;
    const bool sticky = S_ISDIR(file.st_mode) && (file.st_mode & S_ISVTX) != 0;
    // A link has every bit and none of them counts: who may replace it is its directory's matter.
    if (S_ISLNK(file.st_mode) || sticky) return false;
    return (file.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

// Follows a path as the kernel does, part by part, so that what is judged is the whole way.
class Walk {
  public:
    explicit Walk(const std::filesystem::path& path) { go(path); }

    std::string distrust() {
        std::string doubt = judge();
        while (doubt.empty() && !left_.empty()) {
            const std::filesystem::path part = left_.front();
            left_.pop_front();
            here_ = part == ".." ? here_.parent_path() : here_ / part;
            doubt = judge();
        }
        return doubt;
    }

  private:
    void go(const std::filesystem::path& path) {
        if (path.is_absolute()) here_ = "/";
        const std::filesystem::path relative = path.relative_path();
        auto place = left_.begin();
        for (const auto& part : relative)
            if (!part.empty() && part != ".") place = std::next(left_.insert(place, part));
    }

    std::string judge() {
        struct stat file {};
        if (lstat(here_.c_str(), &file) != 0) return std::strerror(errno);
        if (others_may_write(file)) return here_.string() + " can be written by others than root";
        if (!S_ISLNK(file.st_mode)) return {};
        std::error_code error;
        const auto target = std::filesystem::read_symlink(here_, error);
        if (error) return error.message();
        if (++links_ > most_links) return std::strerror(ELOOP);
        here_ = here_.parent_path();
        go(target);
        return {};
    }

    std::filesystem::path here_;
    std::deque<std::filesystem::path> left_;
    unsigned links_ = 0;
};

} // namespace

std::string distrust(const std::string& path) {
    std::error_code error;
    const auto whole = std::filesystem::absolute(path, error);
    return error ? error.message() : Walk(whole).distrust();
}

} // namespace lbd::health
