// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/init/sample.h"

#include <charconv>
#include <stdexcept>
#include <variant>

#include "config/address.h"
#include "config/types.h"

namespace lbd::lbctl {

namespace {

[[noreturn]] void refuse_value(std::string_view flag, const std::string& found,
                               const std::string& allowed) {
    throw std::invalid_argument("--" + std::string(flag) + ": found '" + found +
                                "', allowed: " + allowed);
}

unsigned number(std::string_view flag, const std::string& text, unsigned least, unsigned most) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
        refuse_value(flag, text, std::to_string(least) + ".." + std::to_string(most));
    return value;
}

config::IpAddress address(std::string_view flag, const std::string& text) {
    const auto parsed = config::IpAddress::parse(text);
    if (!parsed) refuse_value(flag, text, "an IPv4 or IPv6 address");
    return *parsed;
}

std::string in_quotes(const std::string& text) {
    return "'" + text + "'";
} // an IPv6 address has colons

config::Device device(const std::string& text) {
    // A bare name is that of a Linux interface; packet sockets work on every one.
    const config::Type type = config::device();
    auto parsed = type.parse(text);
    if (!parsed) parsed = type.parse("af_packet:" + text);
    if (!parsed || text.find_first_of("'\\") != std::string::npos)
        refuse_value("port", text, "a PCI address as 0000:3b:00.0, or a Linux interface as eth1");
    return std::get<config::Device>(*parsed);
}

std::string workers(const Answers& answers, bool pci) {
    std::string list;
    std::size_t count = 0;
    for (const std::string& core : answers_of(answers, "cores")) {
        list += (count++ == 0 ? "" : ", ") + std::to_string(number("cores", core, 0, 1023));
    }
    std::string text = "\nworkers:\n";
    text += list.empty()
                ? "  count: 1                # cores: [2, 3] pins workers, one to each core\n"
                : "  cores: [" + list + "] # one worker on each; isolate them (isolcpus)\n";
    text += pci ? "  idle: poll              # the cores have nothing else to do\n"
                : "  idle: sleep             # leave the core to others when no packet comes\n";
    return text;
}

std::string port(const Answers& answers, const config::Device& device) {
    using Kind = config::Device::Kind;
    const std::string own = answer(answers, "address");
    const auto prefix = config::Prefix::parse(own);
    if (!prefix || own.find('/') == std::string::npos)
        refuse_value("address", own, "an address with its prefix length, 192.0.2.2/24");
    const std::string name = answer(answers, "port");
    const bool bare = device.kind == Kind::af_packet && name == device.name;
    std::string text =
        "\nports:\n  - name: lb0             # the companion interface in the kernel\n";
    text += "    device: " + in_quotes(bare ? "af_packet:" + name : name) + "\n";
    text += "    addresses:            # the director's own";
    text += device.kind == Kind::pci || device.kind == Kind::vdev
                ? "\n"
                : "; take it off " + device.name + "\n";
    return text + "      - " + in_quotes(prefix->text()) +
           "\n#   gateway: ADDRESS      # the host's default route through this port\n";
}

std::string vrrp_section(const Answers& answers, const config::IpAddress& vip) {
    std::string text = "\nvrrp:\n  - name: VI_1\n";
    text += "    vrid: 51              # the same at both directors\n    priority: " +
            std::to_string(number("priority", answer(answers, "priority"), 1, 255)) +
            "         # the highest is master\n";
    text += "    virtual_addresses: [" + in_quotes(vip.text()) + "]\n";
    const std::string peer = answer(answers, "peer");
    if (peer.empty()) return text;
    const std::string other = in_quotes(address("peer", peer).text());
    text += "    peers: [" + other + "]\n";
    text +=
        "\n# Connections go on after a failover, when both have the same key:\n#sync:\n#  peers: "
        "[" +
        other + "]\n#  key: what `openssl rand -hex 16` says\n";
    return text;
}

std::string service(const Answers& answers, const config::IpAddress& vip) {
    std::string text = "\nservices:\n  - name: web\n    address: " + in_quotes(vip.text()) + "\n";
    text += "    port: " +
            std::to_string(number("service-port", answer(answers, "service-port"), 1, 65535)) +
            "\n";
    text += "    health: {type: tcp}   # a backend is up when it accepts connections\n";
    text +=
        "    backends:             # each holds the address on its loopback: tools/realserver\n";
    for (const std::string& backend : answers_of(answers, "backend"))
        text += "      - address: " + in_quotes(address("backend", backend).text()) + "\n";
    return text;
}

} // namespace

std::string sample(const Answers& answers) {
    const config::Device nic = device(answer(answers, "port"));
    const bool pci = nic.kind == config::Device::Kind::pci;
    const std::string own = port(answers, nic);
    const config::IpAddress vip = address("vip", answer(answers, "vip"));
    std::string text =
        "# Written by lbctl init. Every key is described in lbd.yaml(5); what is not "
        "said has a\n# default. lbd --check FILE examines this file, lbctl doctor "
        "FILE the host.\n";
    text += workers(answers, pci);
    text += pci ? "\nmemory:\n  hugepages: true\n"
                : "\nmemory:\n  hugepages: false        # slower, and needs no preparation\n"
                  "  flows: 65536            # connections each worker can remember\n";
    return text + own + vrrp_section(answers, vip) + service(answers, vip);
}

} // namespace lbd::lbctl
