// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lb/build_info/build_info.h"
#include "lb/control/reply.h"
#include "tools/lbctl/backend_command.h"
#include "tools/lbctl/client.h"
#include "tools/lbctl/default_socket.h"
#include "tools/lbctl/explanation.h"
#include "tools/lbctl/fields.h"
#include "tools/lbctl/offline.h"
#include "tools/lbctl/tables.h"
#include "tools/lbctl/top/top.h"
#include "tools/lbctl/trace_command.h"

namespace po = boost::program_options;
namespace json = boost::json;
using namespace lbd::lbctl;

namespace {

constexpr int exit_ok = 0;
constexpr int exit_refused = 1;
constexpr int exit_usage = 2;
constexpr int exit_unreachable = 3;

struct Command {
    std::string_view name;
    std::string (*table)(const json::object& data);
    std::string_view help;
};

constexpr std::array<Command, 14> commands{{
    {"stats", stats_table, "traffic of services, backends, workers and ports; drops by reason"},
    {"top", stats_table, "services, backends, workers and VRRP, live on the whole screen"},
    {"services", services_table, "services and their backends, as ipvsadm -ln"},
    {"rate", rate_table, "what a second brings to services and backends, as ipvsadm -ln --rate"},
    {"connections", connections_table, "connection entries, as ipvsadm -lcn"},
    {"trace", trace_text, "what becomes of each packet of CLIENT[:PORT], and why, as it comes"},
    {"explain", explanation_lines, "where SOURCE:PORT DESTINATION:PORT/PROTOCOL would go, and why"},
    {"vrrp", vrrp_table, "VRRP instances"},
    {"health", health_table, "health checks"},
    {"sync", sync_table, "synchronisation of connections with other directors"},
    {"reload", reload_table, "read the configuration file again"},
    {"backend", reload_table, "drain, enable, disable ADDRESS; weight ADDRESS N"},
    {"failover", reload_table, "let another director take over, of one VRRP instance or all"},
    {"log-level", reload_table, "show or change the level: error, warning, notice, info, debug"},
}};

// What the request calls the word that may follow the command, or nothing if none may.
std::string_view argument_of(std::string_view command) {
    return command == "failover"    ? "instance"
           : command == "log-level" ? "level"
           : command == "trace"     ? "client"
                                    : "";
}

po::options_description visible_options() {
    po::options_description options("Options");
    options.add_options()("socket,s", po::value<std::string>()->value_name("PATH"),
                          "control socket (default: $LBD_SOCKET, or the one in /run/lbd)");
    options.add_options()("json,j", po::bool_switch(), "print the reply as JSON");
    options.add_options()("watch,w",
                          po::value<double>()->implicit_value(2.0)->value_name("SECONDS"),
                          "print again every SECONDS (--watch=5; default 2, top 1)");
    options.add_options()("limit,n", po::value<int>()->value_name("N"),
                          "connections: at most N (default 1000)");
    options.add_options()("service", po::value<std::string>()->value_name("NAME"),
                          "backend: in this service only");
    options.add_options()("wait", po::bool_switch(),
                          "backend drain: until its last connection has ended");
    add_trace_options(options);
    options.add_options()("help,h", "show this help");
    options.add_options()("version,V", "show the version");
    return options;
}

void print_usage(std::ostream& out) {
    out << "usage: lbctl [OPTIONS] COMMAND\n\nCommands:\n";
    for (const Command& command : commands)
        out << "  " << command.name << std::string(14 - command.name.size(), ' ') << command.help
            << '\n';
    for (const OfflineCommand& command : offline_commands())
        out << "  " << command.name << std::string(14 - command.name.size(), ' ') << command.help
            << '\n';
    out << '\n' << visible_options();
}

int usage_error(const std::string& text) {
    std::cerr << "lbctl: " << text << "\n\n";
    print_usage(std::cerr);
    return exit_usage;
}

// As lbd has sent it, in the version of its own.
void show(const Command& command, const json::object& reply, bool as_json) {
    if (as_json)
        std::cout << json::serialize(reply) << '\n';
    else
        std::cout << command.table(child(reply, "data"));
    std::cout << std::flush;
}

void watch(const std::string& socket, const Command& command, const json::object& request,
           bool as_json, std::chrono::duration<double> pause) {
    while (std::cout) {
        const json::object reply = reply_to(socket, request);
        if (!as_json) std::cout << "\033[H\033[2J"; // a fresh screen
        show(command, reply, as_json);
        std::this_thread::sleep_for(pause);
    }
}

std::string text_of(const po::variables_map& values, const char* option) {
    return values.count(option) != 0 ? values[option].as<std::string>() : "";
}

int change_backend(const Command& command, const std::string& socket,
                   const po::variables_map& values) {
    const auto& arguments = values["argument"].as<std::vector<std::string>>();
    const std::string service = text_of(values, "service");
    const bool wait = values["wait"].as<bool>();
    const json::object request = backend_request(arguments, service);
    if (wait && arguments[0] != "drain") return usage_error("--wait is for drain");
    show(command, reply_to(socket, request), values["json"].as<bool>());
    if (wait) await_drained(socket, arguments[1], service, std::cerr);
    return exit_ok;
}

double watch_seconds(const po::variables_map& values) {
    const double seconds = values["watch"].as<double>();
    if (!(seconds >= 0.1 && seconds <= 3600))
        throw std::invalid_argument("--watch: allowed are 0.1 to 3600 seconds");
    return seconds;
}

int show_top(const std::string& socket, const po::variables_map& values) {
    if (values["json"].as<bool>()) return usage_error("--json is not for top");
    const double seconds = values.count("watch") != 0 ? watch_seconds(values) : 1;
    if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
        std::cerr << "lbctl: top needs a terminal; lbctl stats --watch writes to anything\n";
        return exit_usage;
    }
    top::run(socket, std::chrono::duration<double>(seconds));
    return exit_ok;
}

int follow_client(const std::string& socket, const po::variables_map& values) {
    const auto& arguments = values["argument"].as<std::vector<std::string>>();
    if (arguments.empty()) return usage_error("trace takes a client, as 192.0.2.7");
    if (values.count("watch") != 0) return usage_error("--watch is not for trace");
    trace(socket, trace_request(arguments[0], values), values["json"].as<bool>());
    return exit_ok;
}

int run(const Command& command, const po::variables_map& values) {
    const std::string socket =
        values.count("socket") != 0 ? values["socket"].as<std::string>() : default_socket();
    if (command.name == "backend") return change_backend(command, socket, values);
    if (command.name == "top") return show_top(socket, values);
    if (command.name == "trace") return follow_client(socket, values);
    json::object request;
    request["command"] = command.name;
    const auto& arguments = values["argument"].as<std::vector<std::string>>();
    if (command.name == "explain")
        request = explain_request(arguments);
    else if (!arguments.empty())
        request[argument_of(command.name)] = arguments[0];
    if (values.count("limit") != 0) request["limit"] = values["limit"].as<int>();
    const bool as_json = values["json"].as<bool>();
    if (values.count("watch") != 0) {
        if (command.name == "reload" || !argument_of(command.name).empty())
            return usage_error("--watch is not for " + std::string(command.name));
        const std::chrono::duration<double> pause(watch_seconds(values));
        watch(socket, command, request, as_json, pause);
        return exit_ok;
    }
    show(command, reply_to(socket, request), as_json);
    return exit_ok;
}

void show_failure(std::string_view error, const std::vector<std::string>& details) {
    std::cout << json::serialize(lbd::control::failure(error, details)) << std::endl;
}

// Programs that read standard output find there why there is nothing else.
int run_or_say_why_not(const Command& command, const po::variables_map& values) {
    if (!values["json"].as<bool>()) return run(command, values);
    try {
        return run(command, values);
    } catch (const Refused& refused) {
        show_failure(refused.what(), refused.details);
        throw;
    } catch (const Unreachable& unreachable) {
        show_failure(unreachable.what(), {});
        throw;
    }
}

int act(int argc, char** argv) {
    if (const auto status = run_offline({argv + 1, argv + argc})) return *status;
    po::options_description all = visible_options();
    all.add_options()("command", po::value<std::string>());
    all.add_options()("argument", po::value<std::vector<std::string>>()->default_value({}, ""));
    po::positional_options_description positional;
    positional.add("command", 1).add("argument", -1);
    po::variables_map values;
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(),
              values);
    if (values.count("help") != 0) {
        print_usage(std::cout);
        return exit_ok;
    }
    const std::string name =
        values.count("command") != 0 ? values["command"].as<std::string>() : "";
    if (values.count("version") != 0 || name == "version") {
        std::cout << lbd::version_text("lbctl") << '\n';
        return exit_ok;
    }
    if (name.empty()) return usage_error("which command?");
    if (values.count("limit") != 0 && values["limit"].as<int>() <= 0)
        return usage_error("--limit: allowed are numbers above 0");
    const std::size_t arguments = values["argument"].as<std::vector<std::string>>().size();
    const bool takes_one = !argument_of(name).empty();
    if (arguments > (takes_one ? 1U : 0U) && name != "backend" && name != "explain")
        return usage_error("'" + name + "' takes " + (takes_one ? "one word" : "nothing") +
                           " after it");
    if (name != "backend" && (values.count("service") != 0 || values["wait"].as<bool>()))
        return usage_error("--service and --wait are for backend");
    if (name != "trace" && has_trace_options(values))
        return usage_error("--rate, --count and --seconds are for trace");
    for (const Command& command : commands)
        if (command.name == name) return run_or_say_why_not(command, values);
    return usage_error("there is no command '" + name + "'");
}

} // namespace

int main(int argc, char** argv) {
    try {
        return act(argc, argv);
    } catch (const po::error& error) {
        return usage_error(error.what());
    } catch (const std::invalid_argument& error) {
        return usage_error(error.what());
    } catch (const Unreachable& error) {
        std::cerr << "lbctl: " << error.what() << '\n';
        return exit_unreachable;
    } catch (const Refused& refused) {
        std::cerr << "lbctl: " << printable(refused.what()) << '\n';
        for (const std::string& line : refused.details) std::cerr << printable(line) << '\n';
        return exit_refused;
    } catch (const std::exception& error) {
        std::cerr << "lbctl: " << error.what() << '\n';
        return exit_refused;
    }
}
