// SPDX-License-Identifier: BSD-3-Clause
// Feeds a target with files, and the files of directories, in the order of their names: what was
// found once is tested by every compiler. No files at all is a mistake.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "target.h"

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> files_of(const fs::path& given) {
    if (!fs::exists(given)) return {}; // a target without regressions
    if (!fs::is_directory(given)) return {given};
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(given))
        if (entry.is_regular_file()) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

void feed(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw fs::filesystem_error("cannot be read", path, {});
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    // Exactly as large as the input, so that a sanitizer sees what reads past its end.
    const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);
    LLVMFuzzerTestOneInput(input.data(), input.size());
}

} // namespace

int main(int argc, char** argv) {
    std::size_t fed = 0;
    try {
        for (int i = 1; i < argc; ++i)
            for (const fs::path& path : files_of(argv[i])) {
                feed(path);
                ++fed;
            }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    std::printf("%zu inputs\n", fed);
    return fed == 0 ? 1 : 0;
}
