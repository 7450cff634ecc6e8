// SPDX-License-Identifier: BSD-3-Clause
#include "lb/options.h"

#include <boost/program_options.hpp>
#include <sstream>

namespace lbd {

namespace po = boost::program_options;

namespace {

po::options_description visible_options() {
    po::options_description options("Options");
    // The file may be its value or stand anywhere else.
    options.add_options()("check",
                          po::value<std::string>()->implicit_value("", "")->value_name("FILE"),
                          "validate FILE without touching a device");
    options.add_options()("explain", po::bool_switch(),
                          "with --check: print FILE with every default, without secrets");
    options.add_options()("log-level", po::value<std::string>()->value_name("LEVEL"),
                          "error, warning, notice, info (default) or debug");
    options.add_options()("help,h", "show this help");
    options.add_options()("version,V", "show the version");
    return options;
}

control::LogLevel parse_level(const std::string& text) {
    if (const auto level = control::parse_log_level(text)) return *level;
    throw UsageError("--log-level: found '" + text +
                     "', allowed: " + std::string(control::log_level_names));
}

po::variables_map parse(int argc, const char* const* argv) {
    po::options_description all = visible_options();
    all.add_options()("config", po::value<std::string>());
    po::positional_options_description positional;
    positional.add("config", 1);
    po::variables_map values;
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(),
              values);
    po::notify(values);
    return values;
}

} // namespace

Options parse_options(int argc, const char* const* argv) {
    Options options;
    try {
        const po::variables_map values = parse(argc, argv);
        if (values.count("help") != 0) options.action = Options::Action::help;
        if (values.count("version") != 0) options.action = Options::Action::version;
        if (options.action != Options::Action::run) return options;
        if (values.count("log-level") != 0)
            options.log_level = parse_level(values["log-level"].as<std::string>());
        const bool check = values.count("check") != 0;
        const std::string checked = check ? values["check"].as<std::string>() : "";
        if (!checked.empty() && values.count("config") != 0)
            throw UsageError("--check FILE takes no second file");
        options.explain = values["explain"].as<bool>();
        if (options.explain && !check) throw UsageError("--explain is for --check");
        if (check) options.action = Options::Action::check;
        if (!checked.empty()) {
            options.config_file = checked;
        } else if (values.count("config") != 0) {
            options.config_file = values["config"].as<std::string>();
        } else {
            throw UsageError("which configuration file?");
        }
    } catch (const po::error& error) {
        throw UsageError(error.what());
    }
    return options;
}

std::string usage() {
    std::ostringstream text;
    text << "usage: lbd [OPTIONS] CONFIG\n       lbd --check [--explain] FILE\n\n"
         << visible_options();
    return text.str();
}

} // namespace lbd
