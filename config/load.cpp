// SPDX-License-Identifier: BSD-3-Clause
#include "config/load.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "config/build.h"
#include "config/check.h"
#include "config/checked_document.h"
#include "config/yaml_tree.h"

namespace lbd::config {

namespace {

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

// At most one byte more than is allowed, so that an endless file ends here too.
std::string read_file(const std::string& path, ErrorList& errors) {
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
    if (!file) {
        errors.say({}, "", std::strerror(errno));
        return {};
    }
    std::string text;
    std::array<char, 65'536> chunk{};
    while (text.size() <= most_bytes) {
        const auto count = std::fread(chunk.data(), 1, chunk.size(), file.get());
        if (count == 0) {
            break;
        }
        text.append(chunk.data(), count);
    }
    if (std::ferror(file.get()) != 0) {
        errors.say({}, "", std::strerror(errno));
    }
    return text;
}

} // namespace

std::string read_text(const std::string& path) {
    ErrorList errors(path);
    auto text = read_file(path, errors);
    errors.throw_if_any();
    return text;
}

Config load_file(const std::string& path) {
    return load_text(read_text(path), path);
}

Node checked_document(std::string_view text, const std::string& filename) {
    ErrorList errors(filename);
    const auto yaml = read_yaml(text, errors);
    if (!yaml) {
        errors.throw_if_any();
    }
    auto root = understand(*yaml, errors);
    check_workers(root, errors);
    check_ports(root, errors);
    check_vrrp(root, errors);
    check_sync(root, errors);
    check_metrics(root, errors);
    check_services(root, errors);
    check_notify(root, errors);
    errors.throw_if_any();
    return root;
}

Config load_text(std::string_view text, const std::string& filename) {
    return build(checked_document(text, filename));
}

} // namespace lbd::config
