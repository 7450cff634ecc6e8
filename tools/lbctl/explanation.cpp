// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/explanation.h"

#include <algorithm>
#include <stdexcept>

#include "tools/lbctl/fields.h"

namespace lbd::lbctl {

namespace json = boost::json;

namespace {

std::string line(std::string_view label, const std::string& sentence) {
    return padded(label, 10) + sentence + '\n';
}

std::string plural(const std::string& count, const std::string& thing) {
    return count + ' ' + thing + (count == "1" ? "" : "s");
}

bool has(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_object();
}

const json::object* explained_backend(const json::object& data, const std::string& address) {
    for (const json::value& item : list(data, "backends"))
        if (item.is_object() && text(item.as_object(), "address") == address)
            return &item.as_object();
    return nullptr;
}

// 10.0.0.1 (up)
std::string with_state(const json::object& data, const std::string& address) {
    const json::object* backend = explained_backend(data, address);
    return backend == nullptr ? address : address + " (" + text(*backend, "state") + ')';
}

std::string address_sentence(const json::object& address) {
    const std::string kind = text(address, "kind");
    const std::string interface = text(address, "interface");
    if (kind == "own") return "the director's own, on " + interface;
    if (kind == "service")
        return "of a service, but neither virtual nor own: packets come only if they are routed "
               "here";
    if (kind != "virtual")
        return "neither virtual nor own: packets come only if they are routed here";
    const std::string instance = text(address, "instance");
    if (flag(address, "here")) return "virtual, of " + instance + ", MASTER here, on " + interface;
    return "virtual, but this director is " + text(address, "state") + " for " + instance +
           ": packets for the address do not come here; what follows is what would happen";
}

std::string worker_sentence(const json::object& steering) {
    const std::string owner = text(steering, "owner");
    const std::string by = text(steering, "by");
    if (by == "single") return owner + ", the only one";
    if (by == "software")
        return owner + ", by lbd's own hash: whichever worker receives a packet hands it over";
    if (owner != text(steering, "computed"))
        return owner + ", where the NIC has put the flow, other than its receive hash says (" +
               text(steering, "computed") + ')';
    return owner +
           ", by the NIC's receive hash, computed from the key that the NIC was given; "
           "lbd takes a flow where the NIC puts it";
}

std::string service_sentence(const json::object& data) {
    if (!has(data, "service"))
        return "none has " + text(data, "destination") + '/' + text(data, "protocol");
    const json::object& service = child(data, "service");
    std::string sentence = text(service, "name") + ", " + text(service, "scheduler");
    if (number(service, "port") == 0)
        sentence += ", by every port that no other service of the address has";
    if (number(service, "persistence_seconds") != 0)
        sentence += ", persistent " + text(service, "persistence_seconds") + 's';
    return sentence;
}

std::string flow_sentence(const json::object& data) {
    if (!has(data, "flow")) return "none yet";
    const json::object& flow = child(data, "flow");
    const std::string fate = text(flow, "fate");
    std::string sentence = text(flow, "state") + " to " + with_state(data, text(flow, "backend")) +
                           ", ends in " + duration(number(flow, "expires_seconds")) +
                           " unless packets come";
    if (fate == "keep") sentence += "; the backend is down, and keeps its connections";
    if (fate == "reset") sentence += "; the backend is down or removed: the client is reset";
    if (fate == "reschedule")
        sentence += "; the backend is down or removed: the next packet goes elsewhere";
    return sentence;
}

std::string client_sentence(const json::object& data) {
    if (!has(data, "binding")) return "not bound to a backend yet";
    const json::object& binding = child(data, "binding");
    const std::string backend = with_state(data, text(binding, "backend"));
    const double left = number(binding, "expires_seconds");
    const std::string by = ", kept by worker " + text(binding, "worker") + ", " +
                           plural(text(binding, "connections"), "connection");
    const std::string who = text(binding, "network") + " is bound to " + backend;
    if (!flag(binding, "holds"))
        return who + by + ", but that counts no more: the time is over, or the backend takes none";
    return who + by +
           (left == 0 ? ", until the last has ended" : ", for " + duration(left) + " from now");
}

std::string reason_to_forward(const json::object& packet) {
    const std::string because = text(packet, "because");
    const std::string worker = "worker " + text(packet, "worker");
    const std::string first = ", unless another connection comes first";
    if (because == "flow") return "as its flow does";
    if (because == "binding") return "to which its client is bound";
    if (because == "round_robin") return "the next in the ring of " + worker + first;
    if (because == "hash") return "named by the hash of its client";
    if (because == "helped_out")
        return "the next in the ring of " + worker +
               ", as the one that the hash names has too many connections" + first;
    if (because == "stateless")
        return flag(packet, "table_full")
                   ? "by the consistent hash, without a flow: the flow table is full"
                   : "by the consistent hash, without a flow";
    const std::string counts = " (" + text(packet, "active_connections") + " active, " +
                               text(packet, "inactive_connections") + " inactive as " + worker +
                               " sees it)";
    const bool weighted = because == "weighted_least";
    return (weighted ? "with the fewest connections for its weight"
                     : "with the fewest connections") +
           counts + first;
}

std::string forward_sentence(const json::object& data, const json::object& packet) {
    const std::string address = text(packet, "backend");
    const json::object* backend = explained_backend(data, address);
    std::string where = address;
    if (backend != nullptr) {
        const std::string forwarding = text(*backend, "forwarding");
        where = address + " (" + text(*backend, "mac") + " on " + text(*backend, "interface") +
                (forwarding == "dr" ? "" : ", by " + forwarding) +
                (flag(*backend, "mac_known") ? "" : ", its last known address") + ')';
    }
    return "to " + where + ", " + reason_to_forward(packet);
}

std::string verdict_sentence(const json::object& data, const json::object& packet) {
    const std::string verdict = text(packet, "verdict");
    const std::string reason = text(packet, "reason") + " (" + text(packet, "reason_text") + ')';
    std::string sentence;
    if (verdict == "forward")
        sentence = forward_sentence(data, packet);
    else if (verdict == "drop")
        sentence = "dropped: " + reason;
    else if (verdict == "reject")
        sentence = (text(data, "protocol") == "tcp" ? "answered by a RST: "
                                                    : "answered by ICMP port unreachable: ") +
                   reason;
    else
        sentence = "to the host";
    return sentence + (flag(packet, "ends_flow") ? "; the flow ends by it" : "");
}

// What they say of two packets is the same, but for the name.
bool alike(json::object one, json::object other) {
    one.erase("packet");
    other.erase("packet");
    return one == other;
}

std::string packet_lines(const json::object& data) {
    const json::array& packets = list(data, "packets");
    std::string out;
    for (std::size_t index = 0; index < packets.size(); ++index) {
        if (!packets[index].is_object()) continue;
        const json::object& packet = packets[index].as_object();
        const bool same = packets.size() == 2 && packets[1 - index % 2].is_object() &&
                          alike(packet, packets[1 - index % 2].as_object());
        if (same && index != 0) continue;
        const std::string kind = text(packet, "packet");
        out += line(same              ? "Packets:"
                    : kind == "syn"   ? "SYN:"
                    : kind == "other" ? "Others:"
                                      : "Packet:",
                    verdict_sentence(data, packet));
    }
    return out;
}

bool nobody_serves(const json::object& data) {
    for (const json::value& item : list(data, "packets")) {
        if (!item.is_object()) continue;
        const std::string reason = text(item.as_object(), "reason");
        if (reason == "no_backend" || reason == "rejected") return true;
    }
    return false;
}

std::string backends_sentence(const json::object& data) {
    constexpr std::size_t most = 10;
    const json::array& backends = list(data, "backends");
    std::string out;
    for (std::size_t index = 0; index < std::min(most, backends.size()); ++index)
        if (backends[index].is_object())
            out += (out.empty() ? "" : ", ") + text(backends[index].as_object(), "address") + ' ' +
                   text(backends[index].as_object(), "state");
    if (backends.size() > most) out += " and " + std::to_string(backends.size() - most) + " more";
    return out.empty() ? "none is configured" : out;
}

} // namespace

std::string explanation_lines(const json::object& data) {
    std::string out = text(data, "source") + " -> " + text(data, "destination") + '/' +
                      text(data, "protocol") + '\n';
    out += line("Address:", address_sentence(child(data, "address")));
    if (has(data, "steering")) {
        out += line("Worker:", worker_sentence(child(data, "steering")));
        out += line("Service:", service_sentence(data));
        out += line("Flow:", flow_sentence(data));
        if (number(child(data, "service"), "persistence_seconds") != 0)
            out += line("Client:", client_sentence(data));
    }
    out += packet_lines(data);
    if (nobody_serves(data)) out += line("Backends:", backends_sentence(data));
    return out;
}

json::object explain_request(const std::vector<std::string>& arguments) {
    if (arguments.size() != 2)
        throw std::invalid_argument(
            "explain takes a source and a destination, as 192.0.2.1:40000 "
            "192.0.2.7:80/tcp");
    json::object request;
    request["command"] = "explain";
    request["source"] = arguments[0];
    request["destination"] = arguments[1];
    return request;
}

} // namespace lbd::lbctl
