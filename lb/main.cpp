// SPDX-License-Identifier: BSD-3-Clause
#include <sys/resource.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

#include "config/explain.h"
#include "config/load.h"
#include "lb/build_info/build_info.h"
#include "lb/control/log.h"
#include "lb/control/privileges.h"
#include "lb/control/runtime.h"
#include "lb/control/warnings.h"
#include "lb/options.h"

namespace {

constexpr int exit_ok = 0;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr int exit_config = 78; // EX_CONFIG

int check(const std::string& file, bool explain) {
    const std::string text = lbd::config::read_text(file);
    const lbd::config::Config config = lbd::config::load_text(text, file);
    for (const std::string& warning : lbd::control::all_warnings(file, config))
        std::cerr << file << ": warning: " << warning << '\n';
    if (explain)
        std::cout << lbd::config::explain(text, file);
    else
        std::cout << file << ": ok\n";
    return exit_ok;
}

// A thousand unreachable backends are a thousand sockets that wait for their time-out.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int run(const lbd::Options& options) {
    // Whoever reads the log, or asks by a socket, may go away. Programs that are started get their
    // signals back.
    std::signal(SIGPIPE, SIG_IGN);
    lbd::control::set_log_level(options.log_level);
    lbd::control::log(lbd::control::LogLevel::notice, lbd::version_text("lbd") + " starts");
    raise_descriptor_limit();
    lbd::control::hide_memory();
    lbd::config::Config config = lbd::config::load_file(options.config_file);
    if (config.control.core_dumps) lbd::control::allow_core_dumps();
    lbd::control::Runtime runtime(options.config_file, std::move(config));
    runtime.run();
    return exit_ok;
}

int act(const lbd::Options& options) {
    switch (options.action) {
        case lbd::Options::Action::help:
            std::cout << lbd::usage();
            return exit_ok;
        case lbd::Options::Action::version:
            std::cout << lbd::version_text("lbd") << '\n';
            return exit_ok;
        case lbd::Options::Action::check:
            return check(options.config_file, options.explain);
        case lbd::Options::Action::run:
            return run(options);
    }
    return exit_failed;
}

} // namespace

int main(int argc, char** argv) {
    try {
        return act(lbd::parse_options(argc, argv));
    } catch (const lbd::UsageError& error) {
        std::cerr << "lbd: " << error.what() << "\n\n" << lbd::usage();
        return exit_usage;
    } catch (const lbd::config::Errors& errors) {
        std::cerr << errors.what() << '\n';
        return exit_config;
    } catch (const std::exception& error) {
        lbd::control::log(lbd::control::LogLevel::error, error.what());
        return exit_failed;
    }
}
