// SPDX-License-Identifier: BSD-3-Clause
#include "health/page_judge.h"

#include <openssl/evp.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/hex.hpp>
#include <boost/algorithm/string/predicate.hpp>
#include <iterator>

namespace lbd::health {

namespace {

std::string digest_of(std::string_view body, const EVP_MD* kind) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    if (EVP_Digest(body.data(), body.size(), bytes.data(), &size, kind, nullptr) != 1) return {};
    std::string text;
    boost::algorithm::hex_lower(bytes.begin(), bytes.begin() + size, std::back_inserter(text));
    return text;
}

} // namespace

std::string page_fault(const Page& page, unsigned status, std::string_view body) {
    const bool wanted = std::any_of(
        page.statuses.begin(), page.statuses.end(),
        [&](const auto& range) { return range.first <= status && status <= range.second; });
    if (!wanted) return page.path + ": status " + std::to_string(status);
    if (!page.match.empty() &&
        !re2::RE2::PartialMatch(re2::StringPiece(body.data(), body.size()), page.match))
        return page.path + ": the body does not match";
    if (page.digest.empty()) return {};
    const EVP_MD* kind = page.digest.size() == 32 ? EVP_md5() : EVP_sha256();
    const std::string digest = digest_of(body, kind);
    return boost::algorithm::iequals(digest, page.digest) ? "" : page.path + ": digest " + digest;
}

} // namespace lbd::health
