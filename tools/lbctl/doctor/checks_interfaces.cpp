// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/doctor/checks.h"
#include "tools/lbctl/doctor/needs.h"

namespace lbd::lbctl {

namespace {

constexpr long long iff_up = 1;

bool is_link_local(const config::IpAddress& address) {
    return address.family == config::IpAddress::Family::v6 && address.bytes[0] == 0xfe &&
           (address.bytes[1] & 0xc0) == 0x80;
}

class Interface {
  public:
    Interface(const Host& host, const config::Config& config, const config::Port& port)
        : host_(host), config_(config), port_(port), name_(port.device.name) {}

    Findings check() {
        if (!host_.exists(path(""))) {
            say(Severity::problem, "there is no such interface", {"ip link show"});
            return findings_;
        }
        check_state();
        check_mtu();
        check_master();
        check_addresses();
        if (port_.device.kind == config::Device::Kind::af_xdp) check_af_xdp();
        if (findings_.empty()) say(Severity::ok, "is as it should be", {});
        return findings_;
    }

  private:
    std::string path(std::string_view file) const {
        return "/sys/class/net/" + name_ + "/" + std::string(file);
    }

    void say(Severity severity, std::string sentence, std::vector<std::string> mends) {
        findings_.push_back(
            {severity, "interface " + name_, std::move(sentence), std::move(mends)});
    }

    void check_state() {
        if ((host_.number(path("flags")).value_or(iff_up) & iff_up) == 0)
            say(Severity::warning, "is down until lbd starts", {"ip link set " + name_ + " up"});
        else if (host_.number(path("carrier")) == 0)
            say(Severity::problem, "has no carrier: look at the cable or the switch", {});
    }

    void check_mtu() {
        const auto mtu = host_.number(path("mtu"));
        if (mtu && *mtu < port_.mtu)
            say(Severity::problem,
                "has an MTU of " + std::to_string(*mtu) + ", the port needs " +
                    std::to_string(port_.mtu),
                {"ip link set " + name_ + " mtu " + std::to_string(port_.mtu)});
    }

    void check_master() {
        const std::string master = host_.link_name(path("master"));
        if (!master.empty())
            say(Severity::problem, "belongs to " + master + ", which takes its packets",
                {"ip link set " + name_ + " nomaster"});
    }

    // lbd keeps the kernel from answering on the interface, so an address there is dead.
    void check_addresses() {
        const auto own = own_addresses(config_);
        for (const auto& [interface, prefix] : host_.facts().addresses) {
            if (interface != name_ || is_link_local(prefix.address)) continue;
            const bool ours = own.count(prefix.address) != 0;
            say(ours ? Severity::problem : Severity::warning,
                "has the address " + prefix.text() +
                    (ours ? ", which belongs to " + port_.name
                          : ", which nobody reaches while lbd runs"),
                {"ip address del " + prefix.text() + " dev " + name_});
        }
    }

    void check_af_xdp() {
        unsigned queues = 0;
        for (const std::string& queue : host_.names(path("queues")))
            if (queue.starts_with("rx-")) ++queues;
        const std::string combine =
            "ethtool -L " + name_ + " combined " + std::to_string(config_.workers.count);
        const std::string counts = "has " + std::to_string(queues) + " receive queues for " +
                                   std::to_string(config_.workers.count) + " workers";
        if (queues < config_.workers.count)
            say(Severity::problem, counts, {combine});
        else if (queues > config_.workers.count)
            say(Severity::problem, counts + "; nobody reads what comes in by the others",
                {combine});
        if (!host_.exists(path("device")))
            say(Severity::note, "has no hardware of its own: AF_XDP copies each packet", {});
    }

    const Host& host_;
    const config::Config& config_;
    const config::Port& port_;
    const std::string& name_;
    Findings findings_;
};

} // namespace

Findings check_interfaces(const Host& host, const config::Config* config) {
    if (config == nullptr) return {};
    Findings findings;
    for (const config::Port& port : config->ports) {
        if (port.device.kind != config::Device::Kind::af_packet &&
            port.device.kind != config::Device::Kind::af_xdp)
            continue;
        for (Finding& finding : Interface(host, *config, port).check())
            findings.push_back(std::move(finding));
    }
    return findings;
}

Findings check_companions(const Host& host, const config::Config* config) {
    if (config == nullptr) return {};
    Findings findings;
    for (const config::Port& port : config->ports) {
        const std::string path = "/sys/class/net/" + port.name;
        if (!host.exists(path)) continue;
        if (host.exists(path + "/tun_flags"))
            findings.push_back({Severity::note,
                                "port " + port.name,
                                "its interface exists: an lbd seems to be running",
                                {}});
        else
            findings.push_back({Severity::problem,
                                "port " + port.name,
                                "an interface of this name exists already; rename it, or the port",
                                {"ip link set " + port.name + " down",
                                 "ip link set " + port.name + " name " + port.name + "-old"}});
    }
    return findings;
}

} // namespace lbd::lbctl
