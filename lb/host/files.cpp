// SPDX-License-Identifier: BSD-3-Clause
#include "lb/host/files.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <system_error>

namespace lbd::host {

namespace {

constexpr std::size_t longest_file = 1 << 20;
constexpr unsigned most_cores = 8192; // CONFIG_NR_CPUS

std::optional<unsigned> whole(std::string_view text) {
    unsigned value = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stopped != end) return std::nullopt;
    return value;
}

} // namespace

std::filesystem::path Files::at(std::string_view path) const {
    return root_ / path.substr(std::min(path.find_first_not_of('/'), path.size()));
}

bool Files::exists(std::string_view path) const {
    std::error_code error;
    return std::filesystem::exists(std::filesystem::symlink_status(at(path), error));
}

std::optional<std::string> Files::text(std::string_view path) const {
    std::ifstream file(at(path), std::ios::binary);
    if (!file) return std::nullopt;
    std::string text;
    std::array<char, 4096> part{};
    while (text.size() < longest_file && (file.read(part.data(), part.size()) || file.gcount() > 0))
        text.append(part.data(), static_cast<std::size_t>(file.gcount()));
    // The carrier of an interface that is down, or a directory: opens and cannot be read.
    if (file.bad()) return std::nullopt;
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    return text;
}

std::optional<long long> Files::number(std::string_view path) const {
    const auto read = text(path);
    if (!read) return std::nullopt;
    std::string_view digits = *read;
    const bool hexadecimal = digits.starts_with("0x");
    if (hexadecimal) digits.remove_prefix(2);
    long long value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, value, hexadecimal ? 16 : 10);
    if (error != std::errc() || stopped != end) return std::nullopt;
    return value;
}

std::set<unsigned> Files::cores(std::string_view path) const {
    std::set<unsigned> cores;
    const std::string list = text(path).value_or("");
    for (std::size_t begin = 0; begin < list.size();) {
        const std::size_t comma = std::min(list.find(',', begin), list.size());
        const std::string_view range = std::string_view(list).substr(begin, comma - begin);
        const std::size_t dash = range.find('-');
        const auto first = whole(range.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : whole(range.substr(dash + 1));
        if (first && last && *last < most_cores)
            for (unsigned core = *first; core <= *last; ++core) cores.insert(core);
        begin = comma + 1;
    }
    return cores;
}

std::string Files::link_name(std::string_view path) const {
    std::error_code error;
    return std::filesystem::read_symlink(at(path), error).filename().string();
}

std::vector<std::string> Files::names(std::string_view directory) const {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entry(at(directory), error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
        names.push_back(entry->path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

} // namespace lbd::host
