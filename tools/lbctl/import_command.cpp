// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/import_command.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/keepalived/import.h"
#include "config/keepalived/reader.h"
#include "config/types.h"

namespace lbd::lbctl {

namespace po = boost::program_options;
namespace keepalived = config::keepalived;

namespace {

constexpr int exit_complete = 0;
constexpr int exit_reported = 1;
constexpr int exit_malformed = 2;

using Words = std::vector<std::string>;

std::string host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

unsigned ones_of(const sockaddr* mask, std::size_t offset, std::size_t size) {
    std::array<unsigned char, 16> bytes{};
    if (mask == nullptr) {
        return static_cast<unsigned>(size * 8);
    }
    std::memcpy(bytes.data(), reinterpret_cast<const char*>(mask) + offset, size);
    unsigned ones = 0;
    for (std::size_t i = 0; i < size; ++i) {
        for (unsigned bits = bytes[i]; bits != 0; bits &= bits - 1) {
            ++ones;
        }
    }
    return ones;
}

std::optional<config::Prefix> prefix_of(const ifaddrs& entry) {
    const int family = entry.ifa_addr != nullptr ? entry.ifa_addr->sa_family : AF_UNSPEC;
    if (family != AF_INET && family != AF_INET6) {
        return std::nullopt;
    }
    const bool v4 = family == AF_INET;
    const auto offset = v4 ? offsetof(sockaddr_in, sin_addr) : offsetof(sockaddr_in6, sin6_addr);
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(family, reinterpret_cast<const char*>(entry.ifa_addr) + offset, text.data(),
              text.size());
    return config::Prefix::parse(std::string(text.data()) + '/' +
                                 std::to_string(ones_of(entry.ifa_netmask, offset, v4 ? 4 : 16)));
}

// Link-local ones come by themselves.
std::vector<config::Prefix> addresses_here(const std::string& interface) {
    std::vector<config::Prefix> addresses;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) {
        return addresses;
    }
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> release(list, freeifaddrs);
    const auto link_local = config::Prefix::parse("fe80::/10");
    for (const auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
        const auto prefix = interface == entry->ifa_name ? prefix_of(*entry) : std::nullopt;
        if (prefix && !link_local->contains(prefix->address)) {
            addresses.push_back(*prefix);
        }
    }
    return addresses;
}

std::string find_program(const std::string& name) {
    constexpr std::array<std::string_view, 6> directories{
        "/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"};
    for (const auto directory : directories) {
        auto path = std::string(directory) + name;
        if (access(path.c_str(), X_OK) == 0) {
            return path;
        }
    }
    return "";
}

// "eth0=value"
std::pair<std::string, std::string> halves_of(const std::string& text, const char* option) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
        throw std::invalid_argument(std::string(option) + ": give INTERFACE=VALUE, not '" + text +
                                    "'");
    }
    return {text.substr(0, equals), text.substr(equals + 1)};
}

keepalived::Options options_of(const po::variables_map& values) {
    keepalived::Options options;
    const auto host = host_name();
    options.host = host;
    // keepalived: the first part of the node's name.
    options.config_id = values.count("config-id") != 0 ? values["config-id"].as<std::string>()
                                                       : host.substr(0, host.find('.'));
    for (const auto& text : values["port"].as<Words>()) {
        const auto [interface, device] = halves_of(text, "--port");
        if (!config::device().parse(device)) {
            throw std::invalid_argument("--port: '" + device + "' is not " +
                                        config::device().allowed);
        }
        options.devices[interface] = device;
    }
    for (const auto& text : values["address"].as<Words>()) {
        const auto [interface, address] = halves_of(text, "--address");
        const auto prefix = config::Prefix::parse(address);
        if (!prefix) {
            throw std::invalid_argument("--address: '" + address +
                                        "' is not an address with its prefix length");
        }
        options.addresses[interface].push_back(*prefix);
    }
    options.addresses_here = addresses_here;
    options.find_program = find_program;
    return options;
}

po::options_description import_options() {
    po::options_description options("Options");
    options.add_options()("port", po::value<Words>()->default_value({}, "")->value_name("NAME=DEV"),
                          "the device of an interface (eth0=0000:3b:00.0); otherwise "
                          "af_packet:<interface>");
    options.add_options()("address",
                          po::value<Words>()->default_value({}, "")->value_name("NAME=ADDR"),
                          "an address of the director's own (eth0=192.0.2.2/24); otherwise what "
                          "this machine has there");
    options.add_options()("config-id,i", po::value<std::string>()->value_name("ID"),
                          "what lines that start with @ are for; otherwise the host's name");
    options.add_options()("help,h", "show this help");
    return options;
}

void print_import_usage(std::ostream& out) {
    out << "usage: lbctl import [OPTIONS] FILE\n\n"
           "FILE is a keepalived.conf or what ipvsadm -S -n prints; - is standard input.\n\n"
        << import_options();
}

int import_file(const std::string& file, const keepalived::Options& options) {
    const auto text = keepalived::read_file(file == "-" ? "/dev/stdin" : file, true);
    const auto imported = keepalived::import_text(text, file, options);
    std::cout << imported.yaml << std::flush;
    std::cerr << imported.reports;
    if (!std::cout) {
        std::cerr << "lbctl: cannot write the result\n";
        return exit_malformed;
    }
    return imported.complete ? exit_complete : exit_reported;
}

} // namespace

int import_command(const std::vector<std::string>& arguments) {
    try {
        auto all = import_options();
        all.add_options()("file", po::value<Words>()->default_value({}, ""));
        po::positional_options_description positional;
        positional.add("file", -1);
        po::variables_map values;
        po::store(po::command_line_parser(arguments).options(all).positional(positional).run(),
                  values);
        if (values.count("help") != 0) {
            print_import_usage(std::cout);
            return exit_complete;
        }
        const auto& files = values["file"].as<Words>();
        if (files.size() != 1) {
            print_import_usage(std::cerr);
            return exit_malformed;
        }
        return import_file(files.front(), options_of(values));
    } catch (const keepalived::Malformed& error) {
        std::cerr << error.what() << '\n';
    } catch (const std::exception& error) {
        std::cerr << "lbctl: " << error.what() << '\n';
    }
    return exit_malformed;
}

} // namespace lbd::lbctl
