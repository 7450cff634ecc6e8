// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/ipvsadm.h"

#include <algorithm>
#include <array>

#include "config/keepalived/keywords.h"
#include "config/keepalived/words.h"

namespace lbd::config::keepalived {

namespace {

constexpr std::size_t most_rule_lines = 200'000;

struct RuleEndpoint {
    std::string address;
    std::string port; // empty: none
};

// "192.0.2.1:80", "[2001:db8::1]:80"
RuleEndpoint endpoint_of(const std::string& text) {
    const bool bracket = !text.empty() && text.front() == '[';
    const auto end = bracket ? text.find(']') : std::string::npos;
    const auto colon =
        bracket ? (end == std::string::npos ? end : text.find(':', end)) : text.rfind(':');
    RuleEndpoint endpoint;
    endpoint.address =
        bracket ? text.substr(1, end == std::string::npos ? end : end - 1) : text.substr(0, colon);
    endpoint.port = colon == std::string::npos ? "" : text.substr(colon + 1);
    return endpoint;
}

Block line_of(const Block& from, std::vector<std::string> words, const std::string& shown) {
    return {.origin = from.origin,
            .last_line = from.last_line,
            .words = std::move(words),
            .braces = false,
            .items = {},
            .shown = shown};
}

bool is_option(const std::string& word, std::string_view brief, std::string_view full) {
    return word == brief || word == full;
}

// One line of the output: a command, and what it is about.
class Command {
  public:
    Command(Block line, Report& report)
        : line_(std::move(line)), arguments_(line_, report, 0), report_(report) {}

    void read();
    bool adds_service() const { return is_option(name_, "-A", "--add-service"); }
    bool adds_server() const { return is_option(name_, "-a", "--add-server"); }
    std::string key() const { return protocol_ + ' ' + service_; } // of its service
    Block service() const;
    Block server() const;
    const Block& line() const { return line_; }

  private:
    bool read_endpoints(const std::string& option);
    bool read_flag(const std::string& option);
    bool read_service_option(const std::string& option);
    bool read_server_option(const std::string& option);
    std::string value(const std::string& fallback);
    void add(std::vector<std::string> words, const std::string& option) {
        items_.push_back(line_of(line_, std::move(words), option));
    }

    Block line_;
    Arguments arguments_;
    Report& report_;
    std::string name_;
    std::string protocol_;
    std::string service_;
    std::string server_;
    std::string method_ = "DR"; // ipvsadm's default is -g
    std::string method_option_ = "-g";
    std::string tunnel_type_;
    std::string tunnel_port_;
    std::vector<Block> items_;
};

// What is behind an option, unless that is the next one.
std::string Command::value(const std::string& fallback) {
    Arguments ahead = arguments_;
    if (ahead.empty()) {
        return fallback;
    }
    const auto& word = ahead.next();
    if (word.empty() || word.front() == '-') {
        return fallback;
    }
    arguments_.take(word);
    return word;
}

bool Command::read_endpoints(const std::string& option) {
    if (is_option(option, "-t", "--tcp-service")) {
        protocol_ = "TCP";
    } else if (is_option(option, "-u", "--udp-service")) {
        protocol_ = "UDP";
    } else if (option == "--sctp-service") {
        protocol_ = "SCTP";
    } else if (is_option(option, "-f", "--fwmark-service")) {
        protocol_ = "fwmark";
    } else if (is_option(option, "-r", "--real-server")) {
        server_ = value("");
        return true;
    } else {
        return false;
    }
    service_ = value("");
    return true;
}

bool Command::read_service_option(const std::string& option) {
    if (is_option(option, "-s", "--scheduler")) {
        add({"lvs_sched", value("")}, option);
    } else if (is_option(option, "-p", "--persistent")) {
        add({"persistence_timeout", value("300")}, option);
    } else if (is_option(option, "-M", "--netmask")) {
        add({"persistence_granularity", value("")}, option);
    } else if (is_option(option, "-o", "--ops")) {
        add({"ops"}, option);
    } else if (option == "--pe") {
        add({"persistence_engine", value("")}, option);
    } else if (is_option(option, "-b", "--sched-flags")) {
        auto flags = value("");
        std::replace(flags.begin(), flags.end(), ',', ' ');
        for (const auto& flag : words_of(flags)) {
            add({flag}, std::string(option).append(" ").append(flag));
        }
    } else {
        return false;
    }
    return true;
}

bool Command::read_flag(const std::string& option) {
    struct Method {
        std::string_view brief;
        std::string_view full;
        std::string_view name;
    };
    constexpr std::array<Method, 3> methods{
        {{"-g", "--gatewaying", "DR"}, {"-i", "--ipip", "TUN"}, {"-m", "--masquerading", "NAT"}}};
    for (const auto& method : methods) {
        if (is_option(option, method.brief, method.full)) {
            method_ = method.name;
            method_option_ = option;
            return true;
        }
    }
    return option == "-6" || option == "-n" || option == "--tun-nocsum";
}

bool Command::read_server_option(const std::string& option) {
    if (is_option(option, "-w", "--weight")) {
        add({"weight", value("")}, option);
    } else if (is_option(option, "-x", "--u-threshold")) {
        add({"uthreshold", value("")}, option);
    } else if (is_option(option, "-y", "--l-threshold")) {
        add({"lthreshold", value("")}, option);
    } else if (option == "--tun-type") {
        tunnel_type_ = value("");
    } else if (option == "--tun-port") {
        tunnel_port_ = value("");
    } else {
        return false;
    }
    return true;
}

void Command::read() {
    name_ = arguments_.next();
    while (!arguments_.empty()) {
        const auto option = arguments_.next();
        if (!read_endpoints(option) && !read_flag(option) && !read_service_option(option) &&
            !read_server_option(option)) {
            report_.lost(line_.origin, line_.last_line, option, "the option is not known here");
        }
    }
}

Block Command::service() const {
    auto block = line_of(line_, {"virtual_server"}, "-A");
    if (protocol_ == "fwmark") {
        block.words.insert(block.words.end(), {"fwmark", service_});
        block.shown = "-f";
    } else {
        const auto endpoint = endpoint_of(service_);
        block.words.insert(block.words.end(), {endpoint.address, endpoint.port});
        if (endpoint.port.empty()) {
            block.words.pop_back();
        }
        block.items = items_;
        block.items.push_back(line_of(line_, {"protocol", protocol_}, "-A"));
        // Each server says how it is reached.
        block.items.push_back(line_of(line_, {"lvs_method", "DR"}, "-A"));
    }
    block.braces = true;
    return block;
}

Block Command::server() const {
    const auto endpoint = endpoint_of(server_);
    auto block = line_of(line_, {"real_server", endpoint.address, endpoint.port}, "-a");
    if (endpoint.port.empty()) {
        block.words.pop_back();
    }
    block.items = items_;
    std::vector<std::string> method{"lvs_method", method_};
    if (method_ == "TUN" && !tunnel_type_.empty()) {
        method.insert(method.end(), {"type", tunnel_type_});
        if (!tunnel_port_.empty()) {
            method.insert(method.end(), {"port", tunnel_port_});
        }
    }
    block.items.push_back(line_of(line_, std::move(method), method_option_));
    block.braces = true;
    return block;
}

} // namespace

bool is_ipvsadm(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    return first != std::string_view::npos && text[first] == '-';
}

std::vector<Block> ipvsadm_blocks(std::string_view text, const std::string& file, Report& report) {
    std::vector<Block> services;
    std::map<std::string, std::size_t> known; // where each is in `services`
    Origin origin{.file = file, .line = 0};
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto raw = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        ++origin.line;
        if (raw.find('\0') != std::string_view::npos ||
            origin.line > static_cast<int>(most_rule_lines)) {
            throw Malformed(origin, "this is not what ipvsadm -S -n prints");
        }
        Block line{.origin = origin, .last_line = origin.line, .words = words_of(raw), .items = {}};
        if (line.words.empty() || line.words.front().starts_with('#')) {
            continue;
        }
        Command command(std::move(line), report);
        command.read();
        if (command.adds_service()) {
            known[command.key()] = services.size();
            services.push_back(command.service());
        } else if (!command.adds_server()) {
            lost(report, command.line(), "only -A and -a are carried over");
        } else if (const auto found = known.find(command.key()); found != known.end()) {
            auto& service = services[found->second];
            if (service.words[1] == "fwmark") {
                lost(report, command.line(), "its service has a firewall mark");
            } else {
                service.items.push_back(command.server());
            }
        } else {
            lost(report, command.line(), "there is no -A of its service before it");
        }
    }
    return services;
}

} // namespace lbd::config::keepalived
