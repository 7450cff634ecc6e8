// SPDX-License-Identifier: BSD-3-Clause
// The numbers of lbctl's documents that Prometheus is given as they are.
#pragma once

#include <array>
#include <string_view>

#include "lb/control/metrics/exposition.h"

namespace lbd::control::metrics {

// A number of lbctl's documents, under its name for Prometheus and in its unit.
struct Figure {
    std::string_view key;
    std::string_view name;
    Type type;
    std::string_view help;
    double unit = 1;
};

inline constexpr std::array worker_figures{
    Figure{"rx_packets", "lbd_worker_receive_packets_total", Type::counter,
           "Packets from the ports."},
    Figure{"tx_packets", "lbd_worker_transmit_packets_total", Type::counter,
           "Packets to the ports."},
    Figure{"forwarded", "lbd_worker_forwarded_packets_total", Type::counter,
           "Packets to backends."},
    Figure{"split", "lbd_worker_split_packets_total", Type::counter,
           "Pieces of packets that were cut, beyond the first."},
    Figure{"answered", "lbd_worker_answered_packets_total", Type::counter,
           "Packets dropped whose senders were told."},
    Figure{"fragments_held", "lbd_worker_fragments_held", Type::gauge,
           "Fragments that wait for their first one."},
    Figure{"stateless", "lbd_worker_stateless_packets_total", Type::counter,
           "Packets forwarded by consistent hash, without a flow."},
    Figure{"handed_over", "lbd_worker_handed_over_packets_total", Type::counter,
           "Packets handed to another worker."},
    Figure{"polls", "lbd_worker_polls_total", Type::counter, "Rounds over the ports."},
    Figure{"cycles", "lbd_worker_cycles_total", Type::counter, "Processor cycles."},
    Figure{"busy_cycles", "lbd_worker_busy_cycles_total", Type::counter,
           "Processor cycles of rounds that had packets."},
    Figure{"busy_percent", "lbd_worker_busy_ratio", Type::gauge,
           "Share of the cycles since the start that had packets.", 0.01},
    Figure{"flows", "lbd_worker_flows", Type::gauge, "IPv4 flows remembered."},
    Figure{"flow_capacity", "lbd_worker_flow_capacity", Type::gauge,
           "IPv4 flows there is room for."},
    Figure{"flows6", "lbd_worker_flows6", Type::gauge, "IPv6 flows remembered."},
    Figure{"flow_capacity6", "lbd_worker_flow_capacity6", Type::gauge,
           "IPv6 flows there is room for."},
    Figure{"evicted", "lbd_worker_evicted_flows_total", Type::counter,
           "Flows that gave way to others in a full table."},
    Figure{"persistence_entries", "lbd_worker_persistence_entries", Type::gauge,
           "Clients remembered for persistence."},
};

inline constexpr std::array port_figures{
    Figure{"rx_packets", "lbd_port_receive_packets_total", Type::counter, "Packets received."},
    Figure{"rx_bytes", "lbd_port_receive_bytes_total", Type::counter, "Bytes received."},
    Figure{"rx_missed", "lbd_port_receive_missed_packets_total", Type::counter,
           "Packets the device dropped because its queues were full."},
    Figure{"rx_no_buffer", "lbd_port_receive_no_buffer_total", Type::counter,
           "Times there was no packet buffer."},
    Figure{"tx_packets", "lbd_port_transmit_packets_total", Type::counter, "Packets sent."},
    Figure{"tx_bytes", "lbd_port_transmit_bytes_total", Type::counter, "Bytes sent."},
    Figure{"buffers", "lbd_port_buffers", Type::gauge, "Packet buffers."},
    Figure{"buffers_in_use", "lbd_port_buffers_in_use", Type::gauge,
           "Packet buffers that are taken."},
};

inline constexpr std::array host_figures{
    Figure{"punted", "lbd_host_packets_total", Type::counter, "Packets to the host."},
    Figure{"punt_dropped", "lbd_host_dropped_packets_total", Type::counter,
           "Packets to the host that were dropped."},
    Figure{"not_accepted", "lbd_host_not_accepted_packets_total", Type::counter,
           "Packets to the host for addresses that it does not accept."},
    Figure{"from_host", "lbd_host_sent_packets_total", Type::counter, "Packets from the host."},
    Figure{"from_host_dropped", "lbd_host_sent_dropped_packets_total", Type::counter,
           "Packets from the host that were dropped."},
};

inline constexpr std::array drop_figures{
    Figure{"packets", "lbd_dropped_packets_total", Type::counter, "Packets dropped, by reason."}};

inline constexpr std::array vrrp_figures{
    Figure{"effective_priority", "lbd_vrrp_priority", Type::gauge,
           "Priority, lowered by what is tracked."},
    Figure{"priority", "lbd_vrrp_configured_priority", Type::gauge,
           "Priority of the configuration."},
    Figure{"ready", "lbd_vrrp_ready", Type::gauge, "1 if the instance may be master."},
    Figure{"since_seconds", "lbd_vrrp_state_age_seconds", Type::gauge, "Time in the state."},
    Figure{"adverts_sent", "lbd_vrrp_adverts_sent_total", Type::counter, "Adverts sent."},
    Figure{"adverts_received", "lbd_vrrp_adverts_received_total", Type::counter,
           "Adverts accepted."},
    Figure{"send_errors", "lbd_vrrp_send_errors_total", Type::counter,
           "Adverts that could not be sent."},
    Figure{"transitions", "lbd_vrrp_transitions_total", Type::counter, "Changes of state."},
    Figure{"rival_adverts", "lbd_vrrp_rival_adverts_total", Type::counter,
           "Adverts of another master while this one was master."},
};

inline constexpr std::array peer_figures{
    Figure{"lag_seconds", "lbd_sync_peer_lag_seconds", Type::gauge,
           "Age of the oldest entry that the peer has not acknowledged."},
    Figure{"unacknowledged", "lbd_sync_peer_unacknowledged_datagrams", Type::gauge,
           "Datagrams that the peer has not acknowledged."},
    Figure{"entries_received", "lbd_sync_peer_received_entries_total", Type::counter,
           "Entries from the peer."},
    Figure{"datagrams_lost", "lbd_sync_peer_lost_datagrams_total", Type::counter,
           "Datagrams of the peer that did not come at first."},
    Figure{"duplicates", "lbd_sync_peer_duplicate_datagrams_total", Type::counter,
           "Datagrams of the peer that came twice."},
    Figure{"joins", "lbd_sync_peer_joins_total", Type::counter, "Times the peer joined."},
};

inline constexpr std::array sync_figures{
    Figure{"settled", "lbd_sync_settled", Type::gauge,
           "1 if peers have told everything, or are not there."},
    Figure{"entries_sent", "lbd_sync_sent_entries_total", Type::counter, "Entries sent."},
    Figure{"datagrams_sent", "lbd_sync_sent_datagrams_total", Type::counter, "Datagrams sent."},
    Figure{"datagrams_repaired", "lbd_sync_repaired_datagrams_total", Type::counter,
           "Datagrams sent again."},
    Figure{"full_transfers", "lbd_sync_full_transfers_total", Type::counter,
           "Times everything was told."},
    Figure{"entries_imported", "lbd_sync_imported_entries_total", Type::counter,
           "Entries of peers that workers took over."},
    Figure{"entries_refused", "lbd_sync_refused_entries_total", Type::counter,
           "Entries of peers that workers did not take over."},
    Figure{"entries_unresolved", "lbd_sync_unresolved_entries_total", Type::counter,
           "Entries of peers for services or backends that are not known here."},
    Figure{"overflows", "lbd_sync_overflows_total", Type::counter,
           "Times more was to be told than there was room for."},
};

} // namespace lbd::control::metrics
