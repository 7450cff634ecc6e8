// SPDX-License-Identifier: BSD-3-Clause
#include "health/dns.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>

#include <array>
#include <random>
#include <string_view>
#include <utility>

#include "health/udp_exchange.h"

namespace lbd::health {

namespace {

const char* response_text(int code) {
    switch (code) {
        case ns_r_formerr:
            return "format error";
        case ns_r_servfail:
            return "server failure";
        case ns_r_nxdomain:
            return "no such name";
        case ns_r_notimpl:
            return "not implemented";
        case ns_r_refused:
            return "refused";
        default:
            return "error";
    }
}

std::optional<int> number_of(std::string_view type) {
    constexpr std::array<std::pair<std::string_view, int>, 8> types{{{"A", ns_t_a},
                                                                     {"AAAA", ns_t_aaaa},
                                                                     {"CNAME", ns_t_cname},
                                                                     {"MX", ns_t_mx},
                                                                     {"NS", ns_t_ns},
                                                                     {"SOA", ns_t_soa},
                                                                     {"SRV", ns_t_srv},
                                                                     {"TXT", ns_t_txt}}};
    for (const auto& [name, number] : types)
        if (name == type) return number;
    return std::nullopt;
}

// Asks with another id each time, so that no late or forged answer counts.
class DnsAttempt : public Attempt {
  public:
    DnsAttempt(boost::asio::io_context& io, const Probe& probe) : io_(io), probe_(probe) {}

    void start(Done done) override {
        const auto id = static_cast<std::uint16_t>(random_());
        const auto query = dns_query(probe_.query_name, probe_.query_type, id);
        exchange_ = std::make_unique<UdpExchange>(
            io_, probe_, std::string(query.begin(), query.end()),
            [id](std::span<const std::uint8_t> answer) { return dns_fault(answer, id); });
        exchange_->start(std::move(done));
    }

  private:
    boost::asio::io_context& io_;
    Probe probe_;
    std::random_device random_;
    std::unique_ptr<UdpExchange> exchange_;
};

} // namespace

std::vector<std::uint8_t> dns_query(const std::string& name, const std::string& type,
                                    std::uint16_t id) {
    const std::optional<int> number = number_of(type);
    if (!number) return {};
    std::array<std::uint8_t, NS_PACKETSZ> message{};
    struct __res_state state {};
    state.options = RES_INIT | RES_RECURSE;
    const int length = res_nmkquery(&state, ns_o_query, name.c_str(), ns_c_in, *number, nullptr, 0,
                                    nullptr, message.data(), message.size());
    if (length < NS_HFIXEDSZ) return {};
    message[0] = static_cast<std::uint8_t>(id >> 8);
    message[1] = static_cast<std::uint8_t>(id);
    return {message.begin(), message.begin() + length};
}

std::optional<std::string> dns_fault(std::span<const std::uint8_t> answer, std::uint16_t id) {
    ns_msg message{};
    if (ns_initparse(answer.data(), static_cast<int>(answer.size()), &message) != 0)
        return "malformed answer";
    if (ns_msg_id(message) != id || ns_msg_getflag(message, ns_f_qr) == 0) return std::nullopt;
    const int code = ns_msg_getflag(message, ns_f_rcode);
    return code == ns_r_noerror ? std::string() : std::string(response_text(code));
}

std::unique_ptr<Attempt> dns_attempt(boost::asio::io_context& io, const Probe& probe) {
    return std::make_unique<DnsAttempt>(io, probe);
}

} // namespace lbd::health
