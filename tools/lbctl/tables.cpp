// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/tables.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "lb/build_info/build_info.h"
#include "tools/lbctl/fields.h"

namespace lbd::lbctl {

namespace json = boost::json;

namespace {

template <typename Action>
void for_each_object(const json::array& items, Action action) {
    for (const json::value& item : items)
        if (item.is_object()) action(item.as_object());
}

std::string netmask(double prefix) { // 24: 255.255.255.0
    const auto length = static_cast<unsigned>(std::clamp(prefix, 0.0, 32.0));
    const std::uint32_t mask = length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
    std::array<char, 16> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%u.%u.%u.%u", mask >> 24, mask >> 16 & 255,
                  mask >> 8 & 255, mask & 255);
    return buffer.data();
}

// As ipvsadm names them.
std::string forward(const json::object& backend) {
    const std::string forwarding = text(backend, "forwarding");
    return forwarding.empty() || forwarding == "dr" ? "Route" : "Tunnel";
}

// What clients share a backend, if it is not each of them alone.
std::string mask_of(const json::object& service) {
    const double prefix = number(service, "persistence_prefix");
    if (is_ipv6(service))
        return prefix == 128 ? "" : " mask " + text(service, "persistence_prefix");
    return prefix == 32 ? "" : " mask " + netmask(prefix);
}

std::string minutes(double seconds) { // MM:SS, minutes without end, as ipvsadm has it
    std::array<char, 32> buffer{};
    const auto total = static_cast<long>(std::clamp(seconds, 0.0, 1e12));
    std::snprintf(buffer.data(), buffer.size(), "%02ld:%02ld", total / 60, total % 60);
    return buffer.data();
}

std::string decimal(double value) {
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.1f", value);
    return buffer.data();
}

std::string count(const json::object& object, std::string_view key, std::size_t width) {
    return right(scaled(number(object, key)), width);
}

std::string traffic_line(const std::string& name, const json::object& object) {
    const json::object& rates = child(object, "rates");
    return padded(name, 30) + count(object, "connections", 9) + count(object, "packets", 10) +
           count(object, "bytes", 10) + count(rates, "connections_per_second", 7) +
           count(rates, "packets_per_second", 8) + count(rates, "bytes_per_second", 10);
}

std::string services_traffic(const json::object& data) {
    std::string out =
        "Service / backend                 Conns      Pkts     Bytes    CPS     PPS       BPS\n";
    for_each_object(list(data, "services"), [&](const json::object& service) {
        out += traffic_line(upper(text(service, "protocol")) + "  " + endpoint(service), service) +
               "  " + text(service, "name") + '\n';
        for_each_object(list(service, "backends"), [&](const json::object& backend) {
            out += traffic_line("  -> " + endpoint(backend), backend) + "  " +
                   text(backend, "state") + '\n';
        });
    });
    return out;
}

std::string workers_traffic(const json::object& data) {
    std::string out =
        "Worker  Core  Received     Sent  Handed  Stateless  IPv4 flows  IPv6 flows"
        "  Evicted   Busy\n";
    for_each_object(list(data, "workers"), [&](const json::object& worker) {
        out += padded(text(worker, "id"), 8) +
               padded(flag(worker, "pinned") ? text(worker, "core") : "any", 4) +
               count(worker, "rx_packets", 10) + count(worker, "tx_packets", 9) +
               count(worker, "handed_over", 8) + count(worker, "stateless", 11) +
               count(worker, "flows", 12) + count(worker, "flows6", 12) +
               count(worker, "evicted", 9) + right(decimal(number(worker, "busy_percent")), 6) +
               "%\n";
    });
    return out;
}

std::string ports_traffic(const json::object& data) {
    std::string out = "Port    Link  Received     Bytes    Missed      Sent     Bytes\n";
    for_each_object(list(data, "ports"), [&](const json::object& port) {
        out += padded(text(port, "name"), 8) + padded(text(port, "link"), 4) +
               count(port, "rx_packets", 10) + count(port, "rx_bytes", 10) +
               count(port, "rx_missed", 10) + count(port, "tx_packets", 10) +
               count(port, "tx_bytes", 10) + '\n';
    });
    const json::object& host = child(data, "host");
    return out + "host    to it" + count(host, "punted", 10) + "  (dropped" +
           count(host, "punt_dropped", 8) + ")  from it" + count(host, "from_host", 10) + '\n';
}

std::string drops_table(const json::object& data) {
    std::string out;
    for_each_object(list(data, "drops"), [&](const json::object& drop) {
        if (number(drop, "packets") == 0) return;
        out += padded(text(drop, "reason"), 22) + count(drop, "packets", 10) + "  " +
               text(drop, "text") + '\n';
    });
    return "Dropped                  Packets  Reason\n" + (out.empty() ? "(nothing)\n" : out);
}

} // namespace

std::string stats_table(const json::object& data) {
    return "lbd up " + duration(number(data, "uptime_seconds")) + ", table generation " +
           text(child(data, "config"), "generation") + "\n\n" + services_traffic(data) + '\n' +
           workers_traffic(data) + '\n' + ports_traffic(data) + '\n' + drops_table(data);
}

std::string rate_table(const json::object& data) {
    const auto line = [](const std::string& name, const json::object& object) {
        const json::object& rates = child(object, "rates");
        // Backends answer clients themselves, so nothing goes out through the director.
        return padded(name, 33) + count(rates, "connections_per_second", 9) +
               count(rates, "packets_per_second", 9) + right("0", 9) +
               count(rates, "bytes_per_second", 9) + right("0", 9) + '\n';
    };
    std::string out =
        "lbd version " + std::string(build_info().version) +
        "\nProt LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
        "  -> RemoteAddress:Port\n";
    for_each_object(list(data, "services"), [&](const json::object& service) {
        out += line(upper(text(service, "protocol")) + "  " + endpoint(service), service);
        for_each_object(list(service, "backends"), [&](const json::object& backend) {
            out += line("  -> " + endpoint(backend), backend);
        });
    });
    return out;
}

std::string services_table(const json::object& data) {
    std::string out = "lbd version " + std::string(build_info().version) +
                      "\nProt LocalAddress:Port Scheduler Flags\n"
                      "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n";
    for_each_object(list(data, "services"), [&](const json::object& service) {
        out += upper(text(service, "protocol")) + "  " + endpoint(service) + ' ' +
               text(service, "scheduler");
        if (number(service, "persistence_seconds") > 0) {
            out += " persistent " + text(service, "persistence_seconds") + mask_of(service);
        }
        out += '\n';
        for_each_object(list(service, "backends"), [&](const json::object& backend) {
            const std::string state = text(backend, "state");
            out += "  -> " + padded(endpoint(backend), 28) + ' ' + padded(forward(backend), 7) +
                   ' ' + padded(text(backend, "weight"), 6) + ' ' +
                   padded(text(backend, "active_connections"), 10) + ' ' +
                   padded(text(backend, "inactive_connections"), 10) +
                   (state == "up" ? "" : ' ' + state) +
                   (flag(backend, "by_hand") ? " by hand" : "") +
                   (flag(backend, "suspected") ? " suspected" : "") +
                   (state == "up" && backend.contains("share_percent") &&
                            number(backend, "share_percent") < 100
                        ? " slow start, " + text(backend, "share_percent") + " %"
                        : "");
            out.erase(out.find_last_not_of(' ') + 1);
            out += '\n';
        });
    });
    return out;
}

std::string connections_table(const json::object& data) {
    std::string out =
        "lbd connection entries\n"
        "pro expire state       source             virtual            destination\n";
    for_each_object(list(data, "connections"), [&](const json::object& connection) {
        out += padded(upper(text(connection, "protocol")), 3) + ' ' +
               padded(minutes(number(connection, "expires_seconds")), 6) + ' ' +
               padded(text(connection, "state"), 11) + ' ' +
               padded(text(connection, "client"), 18) + ' ' +
               padded(text(connection, "virtual"), 18) + ' ' + text(connection, "backend") + '\n';
    });
    if (flag(data, "truncated"))
        out += "... of " + text(data, "total") + " entries; --limit shows more\n";
    return out;
}

namespace {

// "150", or "50 of 150" while something that is tracked fails.
std::string priority_text(const json::object& instance) {
    const std::string configured = text(instance, "priority");
    const std::string effective = text(instance, "effective_priority");
    return effective == configured ? configured : effective + " of " + configured;
}

} // namespace

std::string vrrp_table(const json::object& data) {
    std::string out;
    for_each_object(list(data, "instances"), [&](const json::object& instance) {
        out += text(instance, "name") + "  " + text(instance, "state") + " for " +
               duration(number(instance, "since_seconds")) + " (" + text(instance, "reason") +
               ")\n  " + text(instance, "interface") + ", VRRPv" + text(instance, "version") +
               ", VRID " + text(instance, "vrid") + ", priority " + priority_text(instance) +
               ", interval " + text(instance, "interval_ms") + " ms, " +
               (flag(instance, "preempt") ? "preempt" : "no preempt") + "\n  master " +
               text(instance, "master") + ", adverts sent " + text(instance, "adverts_sent") +
               ", received " + text(instance, "adverts_received") + ", changes of state " +
               text(instance, "transitions") + '\n';
        for (const json::value& address : list(instance, "addresses"))
            if (address.is_string()) out += "  " + printable(address.as_string()) + '\n';
        if (!flag(instance, "ready"))
            out += "  not ready: " + text(instance, "ready_reason") + '\n';
        for (const json::value& failure : list(instance, "failed"))
            if (failure.is_string())
                out += "  lowers the priority: " + printable(failure.as_string()) + '\n';
        if (number(instance, "rival_adverts") > 0)
            out += "  another master heard " + text(instance, "rival_adverts") + " times, last " +
                   text(instance, "rival") + ", " +
                   duration(number(instance, "rival_seconds_ago")) + " ago\n";
        if (flag(instance, "address_list_differs"))
            out += "  the master advertises other addresses\n";
        for (const auto& [reason, packets] : child(instance, "rejected"))
            if (packets.is_number() && packets.to_number<double>() != 0)
                out += "  rejected for " + printable(reason) + ": " +
                       text(child(instance, "rejected"), reason) + '\n';
    });
    return out.empty() ? "no VRRP instance is configured\n" : out;
}

std::string health_table(const json::object& data) {
    std::string out = "Backend               Check  State    For     Checks  Failed  Last result\n";
    for_each_object(list(data, "checks"), [&](const json::object& check) {
        out += padded(endpoint(check), 22) + padded(text(check, "type"), 7) +
               padded(text(check, "state"), 8) + ' ' +
               padded(duration(number(check, "since_seconds")), 7) + count(check, "checks", 7) +
               count(check, "failures", 8) + "  " + text(check, "last_result") + ", " +
               text(check, "last_duration_ms") + " ms\n";
        if (!text(check, "warning").empty())
            out += "    warning: it " + text(check, "warning") + '\n';
    });
    return out;
}

std::string sync_table(const json::object& data) {
    if (!flag(data, "enabled")) return "connections are not synchronised\n";
    std::string out = "Sent" + count(data, "entries_sent", 10) + " entries in" +
                      count(data, "datagrams_sent", 10) + " datagrams," +
                      count(data, "datagrams_repaired", 6) + " of them again;" +
                      count(data, "full_transfers", 4) + " full transfers\nTaken over" +
                      count(data, "entries_imported", 10) + " entries; refused" +
                      count(data, "entries_refused", 8) + ", of unknown services or backends" +
                      count(data, "entries_unresolved", 8) +
                      "\n\nPeer                     State      Heard    Lag  Unacked  Received"
                      "    Lost  Joins\n";
    for_each_object(list(data, "peers"), [&](const json::object& peer) {
        const bool heard = peer.contains("heard_seconds") && peer.at("heard_seconds").is_number();
        out += padded(text(peer, "address"), 25) + padded(text(peer, "state"), 10) +
               right(heard ? decimal(number(peer, "heard_seconds")) + "s" : "never", 6) +
               right(decimal(number(peer, "lag_seconds")) + "s", 7) +
               count(peer, "unacknowledged", 9) + count(peer, "entries_received", 10) +
               count(peer, "datagrams_lost", 8) + count(peer, "joins", 7) + '\n';
    });
    for (const auto& [reason, datagrams] : child(data, "rejected"))
        if (datagrams.is_number() && datagrams.to_number<double>() != 0)
            out += "rejected for " + printable(reason) + ": " +
                   text(child(data, "rejected"), reason) + '\n';
    return out;
}

std::string reload_table(const json::object& data) {
    std::string out = text(data, "summary") + '\n';
    for (const json::value& line : list(data, "changes"))
        if (line.is_string()) out += "  " + printable(line.as_string()) + '\n';
    return out;
}

} // namespace lbd::lbctl
