// SPDX-License-Identifier: BSD-3-Clause
#include "config/load.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "config/build.h"
#include "config/check.h"
#include "config/checked_document.h"
#include "config/contents.h"
#include "config/yaml_tree.h"

namespace lbd::config {

namespace {

// nullptr: `errno` says why, or it is 0 and the file is of another kind.
File open_file(const std::string& path, Source source) {
    // To open a FIFO would be to wait for its writer.
    const int waiting = source == Source::any ? 0 : O_NONBLOCK;
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | waiting);
    if (descriptor < 0) {
        return nullptr;
    }
    struct stat status {};
    if (source == Source::regular_file &&
        (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(descriptor);
        errno = 0;
        return nullptr;
    }
    return File(fdopen(descriptor, "r"));
}

std::string read_file(const std::string& path, Source source, ErrorList& errors) {
    const auto file = open_file(path, source);
    if (!file) {
        errors.say({}, "", errno == 0 ? "not a regular file" : std::strerror(errno));
        return {};
    }
    auto text = contents(*file, most_bytes);
    if (!text) {
        errors.say({}, "", std::strerror(errno));
    }
    return std::move(text).value_or("");
}

} // namespace

std::string read_text(const std::string& path, Source source) {
    ErrorList errors(path);
    auto text = read_file(path, source, errors);
    errors.throw_if_any();
    return text;
}

Config load_file(const std::string& path, Source source) {
    return load_text(read_text(path, source), path);
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
