// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/offline.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/program_options.hpp>
#include <cerrno>
#include <iostream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "config/load.h"
#include "lb/control/reply.h"
#include "tools/lbctl/doctor/checks.h"
#include "tools/lbctl/import_command.h"
#include "tools/lbctl/init/answers.h"
#include "tools/lbctl/init/sample.h"
#include "tools/lbctl/schema.h"

namespace lbd::lbctl {

namespace po = boost::program_options;

namespace {

// `arguments` by `options`; those without a flag go to the option `positional`.
po::variables_map parse(const std::vector<std::string>& arguments,
                        const po::options_description& options, const char* positional) {
    po::positional_options_description places;
    if (positional != nullptr) places.add(positional, 1);
    po::variables_map values;
    po::store(po::command_line_parser(arguments).options(options).positional(places).run(), values);
    return values;
}

int doctor(const std::vector<std::string>& arguments) {
    po::options_description options("Options of doctor");
    options.add_options()("json,j", po::bool_switch(), "print findings as JSON");
    options.add_options()("config", po::value<std::string>()->value_name("FILE"),
                          "an lbd.yaml: what it needs; --config may be left out");
    options.add_options()("help,h", "show this help");
    const po::variables_map values = parse(arguments, options, "config");
    if (values.count("help") != 0) {
        std::cout << "usage: lbctl doctor [OPTIONS] [CONFIG]\n\n" << options;
        return 0;
    }
    std::optional<config::Config> config;
    if (values.count("config") != 0) config = config::load_file(values["config"].as<std::string>());
    const Findings findings = examine(Host("/", gather_facts()), config ? &*config : nullptr);
    if (values["json"].as<bool>()) {
        boost::json::object data;
        data["findings"] = as_json(findings);
        std::cout << boost::json::serialize(control::success(std::move(data))) << '\n';
    } else {
        std::cout << text(findings);
    }
    return has_problem(findings) ? 1 : 0;
}

[[noreturn]] void fail(int error, const std::string& what) {
    throw std::system_error(error, std::generic_category(), what);
}

void write_new(const std::string& path, std::string_view text) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (file < 0) fail(errno, path);
    while (!text.empty()) {
        const ssize_t written = write(file, text.data(), text.size());
        if (written < 0) {
            const int error = errno;
            close(file);
            fail(error, path);
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (close(file) != 0) fail(errno, path);
}

int init(const std::vector<std::string>& arguments) {
    po::options_description options("Options of init");
    for (const Question& question : questions())
        options.add_options()(std::string(question.flag).c_str(),
                              po::value<std::vector<std::string>>()->multitoken(),
                              std::string(question.text).c_str());
    options.add_options()("output,o", po::value<std::string>()->value_name("FILE"),
                          "write here, and never over an existing file; else to standard output");
    options.add_options()("help,h", "show this help");
    const po::variables_map values = parse(arguments, options, nullptr);
    if (values.count("help") != 0) {
        std::cout << "usage: lbctl init [OPTIONS]\n\n" << options;
        return 0;
    }
    Answers answers;
    for (const Question& question : questions()) {
        const std::string flag(question.flag);
        if (values.count(flag) != 0) answers[flag] = values[flag].as<std::vector<std::string>>();
    }
    if (isatty(STDIN_FILENO) != 0) ask_missing(answers, std::cin, std::cerr);
    const std::string text = sample(answers);
    config::load_text(text, "the result");
    if (values.count("output") == 0) {
        std::cout << text;
        return 0;
    }
    const auto path = values["output"].as<std::string>();
    write_new(path, text);
    std::cerr << "written; next: lbctl doctor " << path << ", lbd --check " << path << '\n';
    return 0;
}

int schema(const std::vector<std::string>& arguments) {
    if (!arguments.empty()) throw std::invalid_argument("'schema' takes nothing after it");
    std::cout << json_schema;
    return 0;
}

constexpr std::array<OfflineCommand, 4> offline_command_list{{
    {"import", import_command,
     "print the configuration for a keepalived.conf; see lbctl import --help"},
    {"doctor", doctor, "what is wrong with this host, and how to mend it; needs no lbd"},
    {"init", init, "write a first lbd.yaml; needs no lbd"},
    {"schema", schema, "the JSON Schema of what --json prints; needs no lbd"},
}};

} // namespace

std::span<const OfflineCommand> offline_commands() {
    return offline_command_list;
}

std::optional<int> run_offline(const std::vector<std::string>& arguments) {
    const auto name = std::find_if(
        arguments.begin(), arguments.end(),
        [](const std::string& argument) { return argument != "--json" && argument != "-j"; });
    if (name == arguments.end()) return std::nullopt;
    for (const OfflineCommand& command : offline_command_list) {
        if (command.name != *name) continue;
        std::vector<std::string> rest(arguments.begin(), name);
        rest.insert(rest.end(), name + 1, arguments.end());
        return command.run(rest);
    }
    return std::nullopt;
}

} // namespace lbd::lbctl
