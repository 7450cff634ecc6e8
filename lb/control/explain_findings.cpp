// SPDX-License-Identifier: BSD-3-Clause
// Where the answers to `explain` come from.
#include <algorithm>
#include <boost/json/array.hpp>

#include "lb/control/errands.h"
#include "lb/control/explain.h"
#include "lb/dataplane/specimen.h"

namespace lbd::control {

namespace asio = boost::asio;
namespace json = boost::json;
using dataplane::Question;
using dataplane::Verdict;

namespace {

bool has_address(const json::object& instance, const config::IpAddress& address) {
    const json::array& addresses = instance.at("addresses").as_array();
    return std::any_of(addresses.begin(), addresses.end(), [&](const json::value& text) {
        const auto prefix = config::Prefix::parse(std::string(text.as_string()));
        return prefix && prefix->address == address;
    });
}

// The network that has the address as the director's own, else the one that it lies in, else the
// first.
std::size_t network_of(const config::IpAddress& address,
                       const std::vector<config::Network>& networks, bool& own) {
    std::size_t found = 0;
    for (std::size_t index = networks.size(); index-- > 0;)
        for (const config::Prefix& prefix : networks[index].addresses) {
            if (prefix.address == address) {
                own = true;
                return index;
            }
            if (prefix.contains(address)) found = index;
        }
    return found;
}

std::uint16_t owner_of(const dataplane::Steering& steering, const dataplane::Parsed& packet) {
    return packet.ipv6 ? steering.owner(packet.v6) : steering.owner(packet.v4);
}

WayIn way_of(const dataplane::Steering& steering, std::size_t workers,
             const dataplane::Parsed& packet) {
    if (workers == 1) return {};
    const std::uint16_t owner = owner_of(steering, packet);
    return {steering.by_nic() ? WayIn::By::nic : WayIn::By::software, owner, owner};
}

asio::awaitable<dataplane::Explanation> ask(dataplane::Engine& engine, std::uint16_t worker,
                                            const dataplane::Parsed& packet,
                                            Question::About about) {
    Question question(packet, about);
    co_await run_errand(engine.worker(worker), question);
    co_return question.answer;
}

// A flow is where the NIC puts it, which is known for certain only of one that is there.
asio::awaitable<void> look_elsewhere(dataplane::Engine& engine, const dataplane::Parsed& packet,
                                     Findings& findings) {
    const auto workers = static_cast<std::uint16_t>(engine.workers());
    for (std::uint16_t worker = 0; worker < workers; ++worker) {
        if (worker == findings.way.computed) continue;
        const auto answer = co_await ask(engine, worker, packet, Question::About::packet);
        if (!answer.flow) continue;
        findings.way.owner = worker;
        findings.explanation = answer;
        co_return;
    }
}

std::optional<std::uint16_t> keeper_of(const dataplane::Explanation& explanation) {
    if (explanation.opening.verdict.kind == Verdict::Kind::ask_owner)
        return explanation.opening.verdict.owner;
    if (explanation.later && explanation.later->verdict.kind == Verdict::Kind::ask_owner)
        return explanation.later->verdict.owner;
    return std::nullopt;
}

} // namespace

std::optional<bool> Whereabouts::here() const {
    if (kind == Kind::virtual_address) return state == "MASTER";
    if (kind == Kind::own) return true;
    return std::nullopt;
}

Whereabouts whereabouts_of(const config::IpAddress& address, const config::Config& config,
                           const json::object& vrrp) {
    const std::vector<config::Network> networks = config::networks(config);
    Whereabouts whereabouts;
    bool own = false;
    whereabouts.interface = network_of(address, networks, own);
    const bool of_service =
        std::any_of(config.services.begin(), config.services.end(),
                    [&](const config::Service& service) { return service.address == address; });
    if (own)
        whereabouts.kind = Whereabouts::Kind::own;
    else if (of_service)
        whereabouts.kind = Whereabouts::Kind::service;
    for (const json::value& item : vrrp.at("instances").as_array()) {
        const json::object& instance = item.as_object();
        if (!has_address(instance, address)) continue;
        whereabouts.kind = Whereabouts::Kind::virtual_address;
        whereabouts.instance = instance.at("name").as_string();
        whereabouts.state = instance.at("state").as_string();
        const std::string name(instance.at("interface").as_string());
        for (std::size_t index = 0; index < networks.size(); ++index)
            if (networks[index].name == name) whereabouts.interface = index;
    }
    return whereabouts;
}

asio::awaitable<Findings> find_out(dataplane::Engine& engine, const ExplainRequest& request,
                                   std::size_t interface) {
    const dataplane::Port& port = engine.port_of(interface);
    const dataplane::Parsed packet = request.ipv6()
                                         ? parsed_specimen(request.key6(), port.mac(), port.macs())
                                         : parsed_specimen(request.key4(), port.mac(), port.macs());
    Findings findings;
    findings.of_host = packet.kind == dataplane::PacketClass::host;
    if (packet.kind == dataplane::PacketClass::malformed) findings.fault = packet.reason;
    if (packet.kind != dataplane::PacketClass::flow) co_return findings;
    findings.way = way_of(port.steering(), engine.workers(), packet);
    findings.explanation =
        co_await ask(engine, findings.way.owner, packet, Question::About::packet);
    if (findings.way.by == WayIn::By::nic && !findings.explanation.flow)
        co_await look_elsewhere(engine, packet, findings);
    findings.chooser = findings.keeper = findings.way.owner;
    dataplane::Explanation& explanation = findings.explanation;
    const auto keeper = keeper_of(explanation);
    if (!keeper) co_return findings;
    findings.chooser = findings.keeper = *keeper;
    const auto told = co_await ask(engine, *keeper, packet, Question::About::binding);
    explanation.binding = told.binding;
    if (explanation.opening.verdict.kind == Verdict::Kind::ask_owner)
        explanation.opening = settled(explanation.opening, told.opening);
    if (explanation.later && explanation.later->verdict.kind == Verdict::Kind::ask_owner)
        explanation.later = settled(*explanation.later, told.opening);
    co_return findings;
}

} // namespace lbd::control
