// SPDX-License-Identifier: BSD-3-Clause
#include "health/attempt.h"

#include "health/dns.h"
#include "health/ping.h"
#include "health/program.h"
#include "health/smtp.h"
#include "health/tcp_connect.h"
#include "health/transfer_attempt.h"
#include "health/udp_exchange.h"
#include "health/vip_check.h"

namespace lbd::health {

std::unique_ptr<Attempt> make_attempt(const Means& means, const Probe& probe) {
    boost::asio::io_context& io = means.io;
    switch (probe.kind) {
        case Probe::Kind::http:
        case Probe::Kind::https:
            return std::make_unique<TransferAttempt>(means.transfers, probe);
        case Probe::Kind::smtp:
            return std::make_unique<Smtp>(io, probe);
        case Probe::Kind::udp:
            return std::make_unique<UdpExchange>(io, probe, probe.payload, nullptr);
        case Probe::Kind::dns:
            return dns_attempt(io, probe);
        case Probe::Kind::ping:
            return std::make_unique<Ping>(io, probe);
        case Probe::Kind::script:
            return std::make_unique<ProgramAttempt>(io, probe);
        case Probe::Kind::vip:
            return std::make_unique<VipCheck>(io, means.wires, probe);
        case Probe::Kind::tcp:
            break;
    }
    return std::make_unique<TcpConnect>(io, probe);
}

} // namespace lbd::health
